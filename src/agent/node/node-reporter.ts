import { nodes } from '../../api/index.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { isAlreadyExists, isNotFound } from '../../api/meta/status.ts';
import type { Node, NodeStatus } from '../../api/schema/generated/types.ts';
import { isAbort } from '../../base/abort.ts';
import { backoff } from '../../base/backoff.ts';
import { type Clock, rfc3339 } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import { createNotifier } from '../../base/notifier.ts';
import type { Random } from '../../base/random.ts';
import type { Client } from '../../client/client.ts';
import { ResourceInformer } from '../../client/informer.ts';
import type { Image, Runtime, RuntimeStatus } from '../../runtime/runtime.ts';
import type { NodeFacts } from './node-facts.ts';
import { createNodeLease } from './node-lease.ts';
import {
  conditionEvents,
  isReady,
  labelPatch,
  NO_PRESSURE,
  type NodeIdentity,
  type NodePressure,
  newNode,
  nodeStatus,
  saysTheSame,
  statusPatch,
  type Taint,
} from './node-plan.ts';

export interface NodeReporterOptions {
  readonly nodeName: string;
  readonly nodeIps: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  /** Of a node that registers for the first time. */
  readonly taints?: readonly Taint[];
  readonly client: Client;
  readonly runtime: Pick<Runtime, 'version' | 'status' | 'listImages'>;
  readonly facts: () => Promise<NodeFacts>;
  readonly kubeletPort: number;
  readonly version: string;
  readonly maxPods?: number;
  /** Kept from pods: quantities by resource. Default: 100Mi of memory, which eviction keeps free. */
  readonly reserved?: Readonly<Record<string, string>>;
  readonly pressure?: () => NodePressure;
  /** Called for the node's pod range, and again should it change. */
  readonly podCidrsChanged: (podCidrs: readonly string[]) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly event: (about: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string) => void;
}

/** The lease is renewed, and the node looked at, this often; a lease lasts four times as long. */
const BEAT_MS = 10_000;
/** A status that says nothing new is written this often all the same. */
const REPORT_MS = 300_000;
const IMAGES_MS = 60_000;
/** A node that is not ready yet is looked at often, for as long as starting may take. */
const STARTING_MS = 50;
const STARTING_FOR_MS = 20_000;
const NOT_READY_MS = 1000;
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 7000;

export interface NodeReporter extends Component {
  /** Look at the node now: something changed that its status tells of. */
  check(): void;
  /** The Node as the server has it; undefined until it is registered. */
  node(): Node | undefined;
  /** Resolves when the Node is known for the first time. */
  whenKnown(): Promise<void>;
}

/**
 * Registers the node, renews its lease and keeps its status true. One timer a node. `ready` is called when the node is registered and its
 * status says Ready.
 */
export function createNodeReporter(options: NodeReporterOptions): NodeReporter {
  const { client, clock, log, nodeName } = options;
  const identity: NodeIdentity = { labels: {}, taints: [], maxPods: 110, reserved: { memory: '100Mi' }, ...defined(options) };
  const wake = createNotifier();
  const lease = createNodeLease(options);
  const watch = new ResourceInformer(nodes, { fieldSelector: `metadata.name=${nodeName}` }, options);
  const observe = createObserver(options);
  const known = Promise.withResolvers<void>();
  let node: Node | undefined;
  let isRegistered = false;
  let reported: NodeStatus | undefined;
  let reportedAtMs = 0;
  let podCidrs: readonly string[] = [];

  function adopt(latest: Node): void {
    node = latest;
    known.resolve();
    const { podCIDR, podCIDRs = podCIDR ? [podCIDR] : [] } = latest.spec ?? {};
    if (podCIDRs.length === 0 || podCIDRs.join() === podCidrs.join()) return;
    podCidrs = podCIDRs;
    options.podCidrsChanged(podCIDRs);
  }

  /** Creates the Node with its first status, or brings the existing one's labels up to date. */
  async function register(status: NodeStatus, architecture: string, signal: AbortSignal): Promise<void> {
    try {
      const created = await client.create(nodes, newNode(identity, status, architecture), { signal });
      adopt(created);
      // A server that does not take a new node's status gets it in a write of its own.
      if (created.status?.conditions?.length) {
        announce(undefined, status);
        [reported, reportedAtMs] = [status, clock.monotonic()];
      }
      log.info({ node: nodeName }, 'node registered');
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const existing = await client.get(nodes, nodeName, { signal });
      const patch = labelPatch(identity, existing, architecture);
      adopt(patch ? await client.patch(nodes, nodeName, 'merge', patch, { signal }) : existing);
    }
    isRegistered = true;
    if (node) options.event(node, 'Normal', 'Starting', 'Starting kubelet.');
  }

  /** As upstream, a Node that somebody deletes stays away until the agent starts again, or until somebody makes it. */
  function lose(): void {
    if (node) log.warn({ node: nodeName }, 'somebody deleted the node');
    [node, reported] = [undefined, undefined];
  }

  function announce(before: NodeStatus | undefined, after: NodeStatus): void {
    for (const reason of conditionEvents(before, after)) {
      if (node) options.event(node, 'Normal', reason, `Node ${nodeName} status is now: ${reason}`);
    }
  }

  async function report(before: Node, status: NodeStatus, signal: AbortSignal): Promise<void> {
    const due = !reported || !saysTheSame(reported, status) || clock.monotonic() - reportedAtMs >= REPORT_MS;
    if (!due) return;
    try {
      adopt(await client.patch(nodes, nodeName, 'strategic', statusPatch(status, before.status), { subresource: 'status', signal }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return lose();
    }
    announce(before.status, status);
    [reported, reportedAtMs] = [status, clock.monotonic()];
  }

  /** Looks once and tells the server what is new. Answers whether the node is ready. */
  async function beat(leaseDue: boolean, signal: AbortSignal): Promise<boolean> {
    const seen = await observe(signal);
    const status = nodeStatus(identity, seen, node?.status ?? reported);
    if (!isRegistered) await register(status, seen.facts.architecture, signal);
    if (!node) return false;
    const results = await Promise.allSettled([report(node, status, signal), leaseDue && lease.renew(node, { signal })]);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    return isReady(seen.runtime);
  }

  async function loop(signal: AbortSignal, ready: () => void): Promise<void> {
    const startedMs = clock.monotonic();
    const retry = backoff({ firstMs: FIRST_RETRY_MS, maxMs: MAX_RETRY_MS });
    let nextLeaseMs = startedMs;
    while (!signal.aborted) {
      let delayMs: number;
      try {
        const nowMs = clock.monotonic();
        const leaseDue = nowMs >= nextLeaseMs;
        const isUp = await beat(leaseDue, signal);
        // Hundreds of nodes that start together shall not beat together.
        if (leaseDue) nextLeaseMs = nowMs + BEAT_MS * (1 - options.random() * 0.1);
        if (isUp) ready();
        const starting = clock.monotonic() - startedMs < STARTING_FOR_MS;
        const lookMs = isUp ? BEAT_MS : starting ? STARTING_MS : NOT_READY_MS;
        delayMs = Math.min(lookMs, Math.max(0, nextLeaseMs - clock.monotonic()));
        retry.reset();
      } catch (error) {
        if (isAbort(error, signal)) return;
        delayMs = retry.next();
        log.warn({ node: nodeName, error: error instanceof Error ? error.message : String(error), delayMs }, 'node status not written');
      }
      using _timer = clock.timer(delayMs, () => wake.notify());
      await wake.wait({ signal });
    }
  }

  return {
    name: `node ${nodeName}`,
    check: () => wake.notify(),
    node: () => node,
    whenKnown: () => known.promise,
    async run({ signal, ready }) {
      using _listening = watch.onChange((change) => {
        if (change.type === 'DELETED') lose();
        else adopt(change.object);
      });
      await Promise.all([watch.run({ signal, ready() {} }), loop(signal, ready)]);
    },
  };
}

/** Without the keys whose value is undefined: they must not hide defaults. */
const defined = <T extends object>(object: T): T =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;

/** Reads what is cheap each time, the rest now and then. A runtime that does not answer is one that is not ready. */
function createObserver({ facts, runtime, pressure = () => NO_PRESSURE, clock }: NodeReporterOptions) {
  let known: NodeFacts | undefined;
  let version: string | undefined;
  let images: { list: Image[]; atMs: number } | undefined;

  const runtimeStatus = (signal: AbortSignal): Promise<RuntimeStatus> =>
    runtime.status({ signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      return { runtimeReady: false, networkReady: false, message: error instanceof Error ? error.message : String(error) };
    });
  const readVersion = async (signal: AbortSignal): Promise<string | undefined> =>
    runtime.version({ signal }).then(
      ({ name, version: number }) => `${name}://${number.replace(/^v/, '')}`,
      () => undefined,
    );

  return async (signal: AbortSignal) => {
    const [status, machine] = await Promise.all([runtimeStatus(signal), known ?? facts()]);
    known = machine;
    if (status.runtimeReady) {
      version ??= await readVersion(signal);
      const isOld = !images || clock.monotonic() - images.atMs > IMAGES_MS;
      if (isOld && isReady(status)) {
        const list = await runtime.listImages({ signal }).catch(() => images?.list ?? []);
        images = { list, atMs: clock.monotonic() };
      }
    }
    const runtimeVersion = version ?? 'containerd://Unknown';
    return { facts: machine, runtime: status, runtimeVersion, images: images?.list ?? [], pressure: pressure(), now: rfc3339(clock.now()) };
  };
}
