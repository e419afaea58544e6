import type { Pod } from '../../api/schema/generated/types.ts';
import { backoff } from '../../base/backoff.ts';
import type { Component } from '../../base/component.ts';
import type { RuntimeEvent, Sandbox } from '../../runtime/runtime.ts';
import { Admission } from './admission.ts';
import { POD_UID } from './config/labels.ts';
import type { PodEnvironment } from './pod-context.ts';
import type { Followed } from './ports.ts';
import { type FoundPod, findPods, NOTHING_FOUND } from './runtime-view.ts';
import { PodWorker } from './worker.ts';

/** The lists that catch what events missed. Events do the work; this is the safety net. */
const RELIST_MS = 30_000;

/** One worker for each pod of the node: fed by the API's changes, the runtime's events and a slow relist. */
export class PodWorkers implements Component {
  readonly name = 'pods';
  readonly #env: PodEnvironment;
  readonly #source: Followed<Pod>;
  readonly #workers = new Map<string, PodWorker>();
  readonly #admission: Admission;
  /** Worker by `namespace/name`: the newest pod of that name. */
  readonly #byKey = new Map<string, PodWorker>();

  constructor(env: PodEnvironment, source: Followed<Pod>) {
    this.#env = env;
    this.#source = source;
    this.#admission = new Admission(env, () => this.#workers.values());
  }

  all(): Iterable<PodWorker> {
    return this.#workers.values();
  }

  find(namespace: string, name: string): PodWorker | undefined {
    return this.#byKey.get(`${namespace}/${name}`);
  }

  async run({ signal, ready }: { signal: AbortSignal; ready: () => void }): Promise<void> {
    await this.#source.whenSynced({ signal }).catch(() => {});
    if (signal.aborted) return;
    const found = await this.#findAll(signal);
    if (signal.aborted) return;
    const known: Pod[] = [];
    let isFollowing = false;
    using _watch = this.#source.onChange(({ type, object }) => {
      if (isFollowing) this.#changed(type, object, NOTHING_FOUND, signal);
      else known.push(object);
    });
    isFollowing = true;
    for (const pod of inOrder(known, found)) this.#changed('ADDED', pod, found.get(pod.metadata?.uid ?? '') ?? NOTHING_FOUND, signal);
    ready();
    await this.#followRuntime(signal);
    await this.#admission.drained();
    await Promise.all([...this.#workers.values()].map((worker) => worker.drained()));
  }

  #changed(type: 'ADDED' | 'MODIFIED' | 'DELETED', pod: Pod, found: FoundPod, signal: AbortSignal): void {
    const uid = pod.metadata?.uid ?? '';
    if (type === 'DELETED') {
      const worker = this.#workers.get(uid);
      worker?.send({ type: 'podChanged', pod });
      worker?.send({ type: 'podGone' });
      return;
    }
    const key = `${pod.metadata?.namespace}/${pod.metadata?.name}`;
    const previous = this.#byKey.get(key);
    if (previous && previous.uid !== uid) previous.send({ type: 'podGone' });
    const known = this.#workers.get(uid);
    if (known) known.send({ type: 'podChanged', pod });
    else this.#add(key, pod, found, signal);
    this.#admission.resize();
  }

  #add(key: string, pod: Pod, found: FoundPod, signal: AbortSignal): void {
    const onLeft = () => this.#admission.resize();
    const worker = new PodWorker(pod, this.#env, { found, signal, onOver: (uid) => this.#forget(key, uid), onLeft });
    this.#workers.set(worker.uid, worker);
    this.#byKey.set(key, worker);
    // What runs already, or is over, was admitted before.
    if (found === NOTHING_FOUND) this.#admission.admit(worker, signal);
    else worker.start();
  }

  async #findAll(signal: AbortSignal): Promise<Map<string, FoundPod>> {
    const { clock, log, runtime } = this.#env;
    const delays = backoff({ firstMs: 100, maxMs: 5000 });
    while (!signal.aborted) {
      try {
        return await findPods(runtime, { signal });
      } catch (error) {
        if (signal.aborted) break;
        log.warn({ error }, 'runtime could not be listed, trying again');
        await clock.sleep(delays.next(), { signal }).catch(() => {});
      }
    }
    return new Map();
  }

  #forget(key: string, uid: string): void {
    this.#workers.delete(uid);
    if (this.#byKey.get(key)?.uid === uid) this.#byKey.delete(key);
  }

  async #followRuntime(signal: AbortSignal): Promise<void> {
    const { clock, log, runtime } = this.#env;
    const delays = backoff({ firstMs: 200, maxMs: 5000 });
    const relists = this.#relistSlowly(signal);
    while (!signal.aborted) {
      // A round ends as a whole: a list that fails must not leave its stream behind.
      const round = new AbortController();
      try {
        // Before the stream's first event, a list: what happened while nobody listened. The stream has to be open by then.
        const events = runtime.events({ signal: AbortSignal.any([signal, round.signal]) });
        await Promise.all([this.#follow(events, () => delays.reset()), this.#relist(signal)]);
      } catch (error) {
        if (signal.aborted) break;
        log.warn({ error }, 'runtime events ended, listening again');
      } finally {
        round.abort();
      }
      await clock.sleep(delays.next(), { signal }).catch(() => {});
    }
    await relists;
  }

  async #follow(events: AsyncIterable<RuntimeEvent>, heard: () => void): Promise<void> {
    for await (const event of events) {
      heard();
      if (event.type !== 'stopped' && event.type !== 'deleted') continue;
      for (const worker of this.#workers.values()) {
        const { sandbox } = worker.state;
        if (!('id' in sandbox) || sandbox.id !== event.sandboxId) continue;
        if (event.containerId === event.sandboxId) worker.send({ type: 'sandboxLost', id: sandbox.id });
        else worker.stopped(event.containerId);
      }
    }
  }

  async #relistSlowly(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#env;
    while (!signal.aborted) {
      await clock.sleep(RELIST_MS, { signal }).catch(() => {});
      if (signal.aborted) return;
      await this.#relist(signal).catch((error: unknown) => {
        if (!signal.aborted) log.warn({ error }, 'runtime could not be listed');
      });
    }
  }

  async #relist(signal: AbortSignal): Promise<void> {
    const { runtime, clock, observer } = this.#env;
    const startedMs = clock.monotonic();
    // What a worker makes while the lists are on their way is not in them: only what it had before is compared.
    const before = new Map([...this.#workers.values()].map((worker) => [worker, worker.state] as const));
    const [sandboxes, containers] = await Promise.all([runtime.listPodSandboxes({ signal }), runtime.listContainers({ signal })]);
    const containerStates = new Map(containers.map((c) => [c.id, c.state as string]));
    const sandboxStates = new Map(sandboxes.map((s) => [s.id, s.state as string]));
    for (const [worker, state] of before) if (worker.state === state) worker.relist(containerStates, sandboxStates);
    this.#stopOrphans(sandboxes, signal);
    // The node may have grown.
    this.#admission.resize();
    observer?.relisted((clock.monotonic() - startedMs) / 1000);
  }

  /** Sandboxes of pods that the API no longer has: their pods were removed while the agent was away. */
  #stopOrphans(sandboxes: readonly Sandbox[], signal: AbortSignal): void {
    for (const { labels, metadata } of sandboxes) {
      const uid = labels[POD_UID];
      if (uid === undefined || this.#workers.has(uid)) continue;
      const { name, namespace } = metadata;
      this.#env.log.info({ pod: `${namespace}/${name}`, uid }, 'removing a pod that no longer exists');
      const pod: Pod = { metadata: { name, namespace, uid, deletionGracePeriodSeconds: 1 }, spec: { containers: [] } };
      const worker = new PodWorker(pod, this.#env, { found: NOTHING_FOUND, signal, onOver: () => this.#workers.delete(uid) });
      this.#workers.set(uid, worker);
      worker.send({ type: 'podGone' });
      worker.start();
    }
  }
}

/** Those that are in the runtime already, for they have their place; then the oldest first. */
function inOrder(pods: readonly Pod[], found: ReadonlyMap<string, FoundPod>): Pod[] {
  const rank = ({ metadata }: Pod) => (found.has(metadata?.uid ?? '') ? 0 : 1);
  const bornMs = ({ metadata }: Pod) => Date.parse(metadata?.creationTimestamp ?? '') || 0;
  return [...pods].sort((a, b) => rank(a) - rank(b) || bornMs(a) - bornMs(b));
}
