import { leases, nodes, pods } from '../../src/api/index.ts';
import { objectKey } from '../../src/api/meta/object.ts';
import { isAlreadyExists, isNotFound } from '../../src/api/meta/status.ts';
import type { Node, PersistentVolumeClaim, Pod, PodStatus } from '../../src/api/schema/generated/types.ts';
import { type Clock, rfc3339, rfc3339Micro } from '../../src/base/clock.ts';
import type { Client } from '../../src/client/client.ts';
import type { Dice } from './dice.ts';
import { isOver, isReady } from './pod-facts.ts';
import type { Truth } from './truth.ts';
import { uniqueNameOf } from './workload-objects.ts';

const LEASES = 'kube-node-lease';
const RENEW_MS = 20_000;
const RETRY_MS = 1_000;
/** Few enough that it matters when one of two nodes is not to be used; on two there is room for all. */
export const PODS_ON_A_NODE = 24;

/** Pods with this label end by themselves, in this phase; `OddFails`: as their index is odd or even. */
export const FATE_LABEL = 'fate';
/** After so many seconds, or else soon. */
export const LASTS_LABEL = 'lasts';

/** `cut-off`: its pods run on, but nobody hears of it and it hears of nobody. `off`: its power is gone, and its pods with it. */
export type NodeState = 'on' | 'cut-off' | 'off';

/** A pod that is alive on a machine, whatever the API says. */
export interface Process {
  readonly key: string;
  readonly uid: string;
  readonly node: string;
}

export interface FakeKubeletsOptions {
  readonly client: Client;
  readonly truth: Truth;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly signal: AbortSignal;
  /** A process starts while these of the same pod name run elsewhere. */
  readonly onStart: (started: Process, others: readonly Process[]) => void;
}

interface Running extends Process {
  ready: boolean;
  /** PersistentVolumes. */
  readonly volumes: readonly string[];
  readonly ip: string;
}

/** Machines that run what is bound to them, in the time of a fake clock. They learn of pods at once, and tell the API until it listens. */
export class FakeKubelets {
  readonly #options: FakeKubeletsOptions;
  readonly #nodes = new Map<string, NodeState>();
  readonly #processes = new Map<string, Running>();
  /** How pods ended, until the API shows it: a machine that is cut off tells later. */
  readonly #ends = new Map<string, 'Succeeded' | 'Failed'>();
  /** Pods that are being started or stopped, by uid. */
  readonly #busy = new Set<string>();
  /** Volumes of pods that are about to start, by the pods' uids: with those of processes they are what a node says that it uses. */
  readonly #wanted = new Map<string, { readonly node: string; readonly volumes: readonly string[] }>();
  #addresses = 0;

  constructor(options: FakeKubeletsOptions) {
    this.#options = options;
    options.truth.onWrite(({ resource, before, after }) => {
      if (resource === 'pods') this.#look((after ?? before) as Pod);
    });
  }

  get states(): ReadonlyMap<string, NodeState> {
    return this.#nodes;
  }

  /** By a process of a machine that is on and thought to be well. */
  isMounted(node: string, volume: string): boolean {
    const ready = this.#options.truth.get<Node>('nodes', node)?.status?.conditions?.find((c) => c.type === 'Ready')?.status;
    return this.#isOn(node) && ready === 'True' && [...this.#processes.values()].some((p) => p.node === node && p.volumes.includes(volume));
  }

  async addNode(name: string): Promise<void> {
    this.#nodes.set(name, 'on');
    await this.#insist(() => this.#register(name));
    this.#heartbeat(name);
  }

  /** Takes the machine away, or brings it back. */
  setNode(name: string, state: NodeState): void {
    this.#nodes.set(name, state);
    if (state === 'off') {
      for (const process of [...this.#processes.values()]) if (process.node === name) this.#processes.delete(process.uid);
    }
    if (state !== 'on') return;
    void this.#insist(() => this.#register(name));
    this.#lookAtAll(name);
    void this.#tellVolumes(name);
  }

  forgetNode(name: string): void {
    this.setNode(name, 'off');
    this.#nodes.delete(name);
  }

  /** The pod's containers are not ready for so long. */
  disturb(pod: Pod, ms: number): void {
    const process = this.#processes.get(pod.metadata?.uid ?? '');
    if (!process?.ready) return;
    process.ready = false;
    this.#report(pod, () => this.#runningStatus(process));
    this.#options.clock.timer(ms, () => {
      process.ready = true;
      this.#report(pod, () => this.#runningStatus(process));
    });
  }

  /** The pod ends and does not come back, as one that was evicted for its disk or exits by itself. */
  end(pod: Pod, phase: 'Succeeded' | 'Failed'): void {
    const uid = pod.metadata?.uid ?? '';
    if (!this.#processes.delete(uid)) return;
    void this.#tellVolumes(pod.spec?.nodeName ?? '');
    this.#ends.set(uid, phase);
    this.#report(pod, () => endedStatus(pod, phase, this.#now()));
  }

  #now = () => rfc3339(this.#options.clock.now());
  #isOn = (name: string | undefined) => name !== undefined && this.#nodes.get(name) === 'on';

  #lookAtAll(name: string): void {
    for (const pod of this.#options.truth.all<Pod>('pods')) if (pod.spec?.nodeName === name) this.#look(pod);
    for (const process of [...this.#processes.values()])
      if (process.node === name && !this.#live(process)) this.#processes.delete(process.uid);
  }

  #live({ key, uid }: Process): Pod | undefined {
    const pod = this.#options.truth.get<Pod>('pods', key);
    return pod?.metadata?.uid === uid ? pod : undefined;
  }

  /** What is to be done about this pod now? */
  #look(pod: Pod): void {
    const { uid = '', deletionTimestamp } = pod.metadata ?? {};
    const node = pod.spec?.nodeName;
    if (!node || !this.#isOn(node)) return;
    const { dice, truth } = this.#options;
    const live = truth.get<Pod>('pods', objectKey(pod))?.metadata?.uid === uid;
    if (!live && (this.#processes.delete(uid) || this.#wanted.delete(uid))) void this.#tellVolumes(node);
    if (!live || this.#busy.has(uid)) return;
    const end = this.#ends.get(uid);
    if (deletionTimestamp) this.#soon(uid, dice.between(100, 4_000), () => this.#stop(pod, node));
    else if (end && !isOver(pod)) this.#report(pod, () => endedStatus(pod, end, this.#now()));
    else if (!isOver(pod) && !this.#processes.has(uid)) this.#soon(uid, dice.between(200, 3_000), () => this.#start(pod, node));
    else if (!isOver(pod)) this.#correct(pod);
  }

  /** Somebody else wrote the status: a node that was away is told to be not ready. Its kubelet knows better. Or the node was cut off before it could tell. */
  #correct(pod: Pod): void {
    const process = this.#processes.get(pod.metadata?.uid ?? '');
    if (!process || isShown(process, pod)) return;
    this.#soon(`${process.uid} correction`, 500, async () => {
      const now = this.#live(process);
      if (now && !isOver(now) && !isShown(process, now)) this.#report(now, () => this.#runningStatus(process));
    });
  }

  #soon(what: string, ms: number, work: () => Promise<void>): void {
    if (this.#busy.has(what)) return;
    this.#busy.add(what);
    this.#options.clock.timer(ms, () => {
      void work().finally(() => this.#busy.delete(what));
    });
  }

  async #start(pod: Pod, node: string): Promise<void> {
    const { truth, dice, onStart, clock } = this.#options;
    const { uid = '' } = pod.metadata ?? {};
    const key = objectKey(pod);
    const now = truth.get<Pod>('pods', key);
    if (!this.#isOn(node) || now?.metadata?.uid !== uid) return;
    if (now.metadata.deletionTimestamp) return this.#again(now);
    const volumes = this.#volumesOf(now);
    if (!volumes || !(await this.#mount(uid, node, volumes))) return this.#again(now, RETRY_MS);
    onStart(
      { key, uid, node },
      [...this.#processes.values()].filter((other) => other.key === key),
    );
    this.#addresses += 1;
    this.#wanted.delete(uid);
    const process: Running = { key, uid, node, volumes, ready: false, ip: `10.42.${this.#addresses >> 8}.${this.#addresses & 255}` };
    this.#processes.set(uid, process);
    const { [LASTS_LABEL]: lasts, ...labels } = pod.metadata?.labels ?? {};
    const fate = fateOf(labels);
    this.#report(now, () => this.#runningStatus(process));
    clock.timer(lasts ? Number(lasts) * 1_000 : dice.between(500, 5_000), () => {
      if (!this.#processes.has(uid)) return;
      if (fate) return this.end(now, fate);
      process.ready = true;
      this.#report(now, () => this.#runningStatus(process));
    });
  }

  /** The volumes of its claims; undefined: one is not bound yet. */
  #volumesOf({ metadata, spec }: Pod): string[] | undefined {
    const names = (spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []);
    const volumes = names.map((name) => {
      const claim = this.#options.truth.get<PersistentVolumeClaim>('persistentvolumeclaims', `${metadata?.namespace}/${name}`);
      return claim?.status?.phase === 'Bound' ? claim.spec?.volumeName : undefined;
    });
    return volumes.every((name) => name !== undefined) ? volumes : undefined;
  }

  /** First the node says that it uses them, then it looks whether it may. False: not yet. */
  async #mount(uid: string, node: string, volumes: readonly string[]): Promise<boolean> {
    if (volumes.length === 0) return true;
    this.#wanted.set(uid, { node, volumes });
    await this.#tellVolumes(node);
    const { volumesAttached = [], volumesInUse = [] } = this.#options.truth.get<Node>('nodes', node)?.status ?? {};
    const may = volumes.map(uniqueNameOf).every((name) => volumesInUse.includes(name) && volumesAttached.some((a) => a.name === name));
    if (!this.#isOn(node)) this.#wanted.delete(uid);
    return may && this.#isOn(node);
  }

  /** What its processes use, and what they are about to. */
  async #tellVolumes(node: string): Promise<void> {
    const { client, signal, truth } = this.#options;
    await this.#insist(async () => {
      if (!this.#isOn(node)) return;
      const alive = new Set(truth.all<Pod>('pods').map(({ metadata }) => metadata?.uid));
      for (const uid of this.#wanted.keys()) if (!alive.has(uid)) this.#wanted.delete(uid);
      const users = [...this.#processes.values(), ...this.#wanted.values()].filter((user) => user.node === node);
      const used = [...new Set(users.flatMap(({ volumes }) => volumes.map(uniqueNameOf)))].toSorted();
      const before = truth.get<Node>('nodes', node)?.status?.volumesInUse ?? [];
      if (used.join() === before.join()) return;
      const status = { volumesInUse: used.length > 0 ? used : null };
      await client.patch(nodes, node, 'merge', { status }, { subresource: 'status', signal });
    });
  }

  #again(pod: Pod, ms = 1): void {
    this.#options.clock.timer(ms, () => {
      const now = this.#options.truth.get<Pod>('pods', objectKey(pod));
      if (now) this.#look(now);
    });
  }

  /** Containers first, then the last status, then the object. */
  async #stop(pod: Pod, node: string): Promise<void> {
    const { client, signal } = this.#options;
    const { uid = '', name = '', namespace } = pod.metadata ?? {};
    if (!this.#isOn(node)) return;
    this.#processes.delete(uid);
    this.#wanted.delete(uid);
    void this.#tellVolumes(node);
    await this.#insist(async () => {
      const now = this.#options.truth.get<Pod>('pods', objectKey(pod));
      if (!this.#isOn(node) || now?.metadata?.uid !== uid) return;
      if (!isOver(now)) await this.#patch(now, endedStatus(now, 'Failed', this.#now()));
      await client.delete(pods, name, { namespace, delete: { gracePeriodSeconds: 0, preconditions: { uid } }, signal });
    });
  }

  #runningStatus({ ip, ready, uid, key }: Running): PodStatus | undefined {
    if (!this.#processes.has(uid)) return undefined;
    const now = this.#now();
    const pod = this.#options.truth.get<Pod>('pods', key);
    const known = pod?.status?.conditions?.find((c) => c.type === 'Ready');
    const status = ready ? 'True' : 'False';
    const lastTransitionTime = known?.status === status ? known.lastTransitionTime : now;
    return {
      phase: 'Running',
      podIP: ip,
      podIPs: [{ ip }],
      startTime: pod?.status?.startTime ?? now,
      conditions: ['Ready', 'ContainersReady'].map((type) => ({ type, status, lastTransitionTime })),
    };
  }

  /** Writes what holds at the time of writing; nothing when the node cannot say it any more. */
  #report(pod: Pod, status: () => PodStatus | undefined): void {
    const node = pod.spec?.nodeName;
    void this.#insist(async () => {
      const now = this.#options.truth.get<Pod>('pods', objectKey(pod));
      if (!this.#isOn(node) || now?.metadata?.uid !== pod.metadata?.uid || !now) return;
      const wanted = status();
      if (wanted && !isOver(now)) await this.#patch(now, wanted);
    });
  }

  async #patch({ metadata }: Pod, status: PodStatus): Promise<void> {
    const { name = '', namespace, uid } = metadata ?? {};
    const { client, signal } = this.#options;
    await client.patch(pods, name, 'strategic', { metadata: { uid }, status }, { namespace, subresource: 'status', signal });
  }

  async #register(name: string): Promise<void> {
    const { client, signal } = this.#options;
    if (!this.#isOn(name)) return;
    const annotations = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' };
    const body: Node = { metadata: { name, labels: { 'kubernetes.io/hostname': name }, annotations } };
    await client.create(nodes, body, { signal }).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
    await this.#renew(name);
    const conditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => ({
      type,
      status: type === 'Ready' ? 'True' : 'False',
      lastHeartbeatTime: this.#now(),
      lastTransitionTime: this.#now(),
    }));
    const resources = { cpu: '8', memory: '32Gi', pods: String(PODS_ON_A_NODE) };
    const status = { capacity: resources, allocatable: resources, conditions };
    await client.patch(nodes, name, 'strategic', { status }, { subresource: 'status', signal });
  }

  async #renew(name: string): Promise<void> {
    const { client, clock, signal } = this.#options;
    const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime: rfc3339Micro(clock.now()) };
    await client.patch(leases, name, 'merge', { spec }, { namespace: LEASES, signal }).catch(async (error: unknown) => {
      if (!isNotFound(error)) throw error;
      await client.create(leases, { metadata: { name, namespace: LEASES }, spec }, { namespace: LEASES, signal });
    });
  }

  /** Says that it lives; and that it is well, when it is thought to be silent. */
  #heartbeat(name: string): void {
    this.#options.clock.timer(RENEW_MS, () => {
      if (!this.#nodes.has(name)) return;
      if (this.#isOn(name)) void this.#showLife(name).catch(() => {});
      this.#heartbeat(name);
    });
  }

  async #showLife(name: string): Promise<void> {
    await this.#renew(name);
    const ready = this.#options.truth.get<Node>('nodes', name)?.status?.conditions?.find((c) => c.type === 'Ready')?.status;
    if (ready !== 'True') await this.#register(name);
  }

  /** Until the API takes it, or what it is about is gone. */
  async #insist(work: () => Promise<void>): Promise<void> {
    const { clock, signal } = this.#options;
    while (!signal.aborted) {
      try {
        return await work();
      } catch (error) {
        if (isNotFound(error) || signal.aborted) return;
        await clock.sleep(RETRY_MS, { signal }).catch(() => {});
      }
    }
  }
}

function fateOf(labels: Readonly<Record<string, string>>): 'Succeeded' | 'Failed' | undefined {
  const fate = labels[FATE_LABEL];
  if (fate === 'OddFails') return Number(labels['batch.kubernetes.io/job-completion-index']) % 2 === 1 ? 'Failed' : 'Succeeded';
  return fate === 'Succeeded' || fate === 'Failed' ? fate : undefined;
}

const isShown = ({ ready }: Running, pod: Pod) => pod.status?.phase === 'Running' && isReady(pod) === ready;

function endedStatus(pod: Pod, phase: 'Succeeded' | 'Failed', now: string): PodStatus {
  const exitCode = phase === 'Succeeded' ? 0 : 1;
  return {
    phase,
    conditions: ['Ready', 'ContainersReady'].map((type) => ({ type, status: 'False', reason: 'PodCompleted', lastTransitionTime: now })),
    containerStatuses: (pod.spec?.containers ?? []).map(({ name, image = '' }) => ({
      name,
      image,
      imageID: '',
      ready: false,
      restartCount: 0,
      state: { terminated: { exitCode, finishedAt: now } },
    })),
  };
}
