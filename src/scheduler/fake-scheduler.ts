import { resourceClaims } from '../api/resource/resource-claim.ts';
import type { Node, Pod, PodSpec } from '../api/schema/generated/types.ts';
import { fakeClock } from '../base/fake-clock.ts';
import { silentLogger } from '../base/logger.ts';
import { createClient } from '../client/client.ts';
import { fakeCluster } from '../client/fake-client.ts';
import { createInformers } from '../client/informer.ts';
import { PodInfo } from './cache/pod-info.ts';
import { SchedulerCache } from './cache/scheduler-cache.ts';
import { readSchedulerConfiguration } from './config/configuration.ts';
import { byDevice, DeviceLedger } from './devices/device-ledger.ts';
import { Extenders } from './extenders/extenders.ts';
import { buildPlugins } from './framework/build-profile.ts';
import { CycleState } from './framework/cycle-state.ts';
import { fitMessage } from './framework/fit-message-plan.ts';
import type { SchedulerHandle } from './framework/handle.ts';
import { Profile } from './framework/profile.ts';
import { WaitingPods } from './framework/waiting-pods.ts';
import { pluginRegistry } from './plugin-registry.ts';
import { Nominator } from './queue/nominator.ts';
import { NodeSelector } from './select-node.ts';

export const fakeNode = (name: string, labels: Record<string, string> = {}, more: Partial<Node> = {}): Node => ({
  metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
  status: { allocatable: { cpu: '2', memory: '4Gi', pods: '10' } },
  ...more,
});

let serial = 0;
export function fakePod(spec: Partial<PodSpec> = {}, requests?: Record<string, string>, metadata: Pod['metadata'] = {}): Pod {
  serial += 1;
  return {
    metadata: { name: `p${serial}`, namespace: 'default', uid: `uid-${serial}`, ...metadata },
    spec: { containers: [{ name: 'c', image: 'i', ...(requests && { resources: { requests } }) }], ...spec },
  };
}

/** The decisions of a scheduler without its loop: nodes and pods are placed by hand, one pod after the other looks for a node. */
export class FakeScheduler {
  readonly cache = new SchedulerCache();
  readonly nominator = new Nominator();
  readonly clock = fakeClock();
  readonly cluster = fakeCluster({ clock: this.clock });
  readonly profile: Profile;
  readonly selector: NodeSelector;
  /** Informers that plugins asked for have nothing until `sync`. */
  readonly informers = createInformers({ client: createClient(this.cluster), clock: this.clock, log: silentLogger });
  readonly work: Promise<void>[] = [];
  readonly events: string[] = [];
  readonly handle: SchedulerHandle;

  constructor(configuration?: unknown, registry = pluginRegistry) {
    const { profiles } = readSchedulerConfiguration(configuration, registry);
    const [first] = profiles;
    if (!first) throw new Error('no profile');
    const { signal } = new AbortController();
    let profile: Profile | undefined;
    this.handle = {
      profileName: first.schedulerName,
      snapshot: this.cache,
      client: createClient(this.cluster),
      informers: this.informers,
      event: (about, type, reason, message) => void this.events.push(`${type} ${reason} ${about.metadata?.name}: ${message}`),
      clock: this.clock,
      random: () => 0,
      log: silentLogger,
      waiting: new WaitingPods(this.clock),
      extenders: new Extenders([], async () => undefined, silentLogger),
      devices: new DeviceLedger(this.informers.informer(resourceClaims, { indexes: byDevice })),
      get dryRun() {
        return profile as Profile;
      },
      nominatedOn: (name) => this.nominator.on(name) ?? [],
      nominatedNodeOf: (key) => this.nominator.nodeOf(key),
      withdrawNomination: (pod) => this.nominator.forget(pod.key),
      activate() {},
      recheckGate() {},
      background: (work) => void this.work.push(work({ signal })),
    };
    profile = new Profile(first.schedulerName, buildPlugins(first, registry, this.handle), this.nominator, first.percentageOfNodesToScore);
    this.profile = profile;
    this.selector = new NodeSelector(this.cache, this.nominator, () => 0);
  }

  /** Starts the informers, and waits until they have what the cluster has. */
  async sync(): Promise<void> {
    const { signal } = new AbortController();
    await new Promise<void>((ready) => void this.informers.run({ signal, ready }));
  }

  nodes(...nodes: Node[]): this {
    for (const node of nodes) this.cache.setNode(node);
    return this;
  }

  place(node: string, ...pods: Pod[]): this {
    for (const pod of pods) this.cache.assume(new PodInfo(pod), node);
    return this;
  }

  /** The node for the pod, or upstream's message why there is none. It is not placed. */
  select(pod: Pod): { readonly node?: string; readonly message?: string } {
    const state = new CycleState();
    const info = new PodInfo(pod);
    const selection = this.selector.select(this.profile, state, info);
    if (selection.found) return { node: selection.node };
    const { rest, preFilterMessage } = selection.diagnosis;
    const refusals = selection.diagnosis.refusals();
    return { message: fitMessage({ nodeCount: this.cache.nodeCount, refusals, rest, preFilterMessage, postFilterMessage: '' }) };
  }

  /** Selects and places. */
  schedule(pod: Pod): string | undefined {
    const { node } = this.select(pod);
    if (node !== undefined) this.place(node, pod);
    return node;
  }
}
