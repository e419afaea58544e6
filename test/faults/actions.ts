import type { ResourceDefinition } from '../../src/api/define.ts';
import { daemonSets, deployments, jobs, nodes, pods, resourceQuotas, statefulSets } from '../../src/api/index.ts';
import type { KubeObject } from '../../src/api/meta/object.ts';
import type { Deployment, Node, Pod, ReplicaSet } from '../../src/api/schema/generated/types.ts';
import { unreachable } from '../../src/base/unreachable.ts';
import type { Client } from '../../src/client/client.ts';
import type { ControlPlane } from './control-plane.ts';
import type { FakeKubelets } from './fake-kubelet.ts';
import type { MovingClock } from './moving-clock.ts';
import { isActive, ownerOf } from './pod-facts.ts';
import type { Action } from './scenario.ts';
import type { Truth } from './truth.ts';
import { NAMESPACE } from './workload-objects.ts';

export interface Stage {
  readonly client: Client;
  /** Known by another name, so that it is seen whose doing it was. */
  readonly evictor: Client;
  readonly plane: ControlPlane;
  readonly kubelets: FakeKubelets;
  readonly truth: Truth;
  readonly clock: MovingClock;
  /** Lets so much time pass. */
  readonly pass: (ms: number) => Promise<void>;
  readonly signal: AbortSignal;
  /** What the pods of `api` have to do: so much that it takes so many of them. */
  busy: number;
  /** 1, 2, 3, … for names that were not there before. */
  readonly next: () => number;
}

const KINDS = {
  web: deployments,
  cache: deployments,
  api: deployments,
  db: statefulSets,
  agent: daemonSets,
  work: jobs,
} as unknown as Record<'web' | 'cache' | 'api' | 'db' | 'agent' | 'work', ResourceDefinition<KubeObject>>;

/** Carries it out. What the server refuses then is refused: scenarios are made by chance, and not all that they ask for can be. */
export async function perform(action: Action, stage: Stage): Promise<void> {
  const { kubelets, plane, clock } = stage;
  switch (action.do) {
    case 'scale': {
      const { what, to } = action;
      if (what === 'work') return change(stage, what, { parallelism: to });
      // Of none, nobody scales it.
      return change(stage, what, { replicas: what === 'api' ? to + 1 : to });
    }
    case 'roll-out':
      return change(stage, action.what, { template: { spec: { containers: [{ name: 'c', image: `image:${stage.next()}` }] } } });
    case 'load':
      stage.busy = action.pods;
      return undefined;
    case 'roll-back':
      return rollBack(stage);
    case 'pause':
      return change(stage, 'web', { paused: action.paused });
    case 'delete-pod':
      return deletePod(stage, action.nth, action.force);
    case 'fail-pod':
      return withPod(stage, action.nth, (pod) => kubelets.end(pod, 'Failed'));
    case 'disturb-pod':
      return withPod(stage, action.nth, (pod) => kubelets.disturb(pod, action.seconds * 1000));
    case 'evict':
      return withPod(stage, action.nth, (pod) => evict(stage, pod));
    case 'cut-off':
      return cutOff(stage, action.node, action.seconds);
    case 'lose-node':
      return loseNode(stage, action.node);
    case 'add-node':
      return kubelets.addNode(`node-${stage.next()}`);
    case 'cordon':
      return cordon(stage, action.node);
    case 'drain':
      return drain(stage, action.node);
    case 'taint':
      return taint(stage, action);
    case 'quota':
      return attempt(
        stage.client.patch(
          resourceQuotas,
          'quota',
          'merge',
          { spec: { hard: { pods: String(action.pods) } } },
          { namespace: NAMESPACE, signal: stage.signal },
        ),
      );
    case 'clock':
      return clock.jump(action.seconds * 1000);
    case 'restart-controllers':
      return plane.restartControllers();
    case 'restart-server':
      await plane.stop();
      await stage.pass(action.downSeconds * 1000);
      return plane.start();
    default:
      return unreachable(action);
  }
}

const attempt = (work: Promise<unknown>): Promise<void> =>
  work.then(
    () => {},
    () => {},
  );

const change = ({ client, signal }: Stage, what: keyof typeof KINDS, spec: object) =>
  attempt(client.patch(KINDS[what], what, 'strategic', { spec }, { namespace: NAMESPACE, signal }));

/** As `kubectl rollout undo`: the template of an older ReplicaSet. */
async function rollBack({ client, truth, signal }: Stage): Promise<void> {
  const uid = truth.get<Deployment>('deployments.apps', `${NAMESPACE}/web`)?.metadata?.uid;
  const old = truth.all<ReplicaSet>('replicasets.apps').find((rs) => rs.metadata?.ownerReferences?.[0]?.uid === uid);
  const containers = old?.spec?.template?.spec?.containers;
  if (!containers) return;
  const patch = [{ op: 'replace', path: '/spec/template/spec/containers', value: containers }];
  await attempt(client.patch(deployments, 'web', 'json', patch, { namespace: NAMESPACE, signal }));
}

function withPod<R>({ truth }: Stage, nth: number, work: (pod: Pod) => R): R | undefined {
  const candidates = truth.all<Pod>('pods').filter((pod) => isActive(pod) && pod.spec?.nodeName);
  const pod = candidates[nth % candidates.length];
  return pod && work(pod);
}

async function deletePod(stage: Stage, nth: number, force: boolean): Promise<void> {
  const { client, signal, kubelets } = stage;
  await withPod(stage, nth, async (pod) => {
    // Forcing is for those who know that the pod runs no more: the documentation says so, and two of one name would run otherwise.
    if (force) kubelets.end(pod, 'Failed');
    const options = force ? { delete: { gracePeriodSeconds: 0 } } : {};
    await attempt(client.delete(pods, pod.metadata?.name ?? '', { namespace: NAMESPACE, ...options, signal }));
  });
}

async function evict({ evictor, signal }: Stage, { metadata }: Pod): Promise<void> {
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: metadata?.name, namespace: NAMESPACE } };
  await attempt(evictor.create(pods, eviction as Pod, { namespace: NAMESPACE, subresource: 'eviction', signal }));
}

/** As `kubectl drain`, which leaves the pods of DaemonSets, and here does not come back for those that a budget holds. */
async function drain(stage: Stage, index: number): Promise<void> {
  const { truth, client, signal } = stage;
  const name = nodeAt(stage, index) ?? '';
  await attempt(client.patch(nodes, name, 'merge', { spec: { unschedulable: true } }, { signal }));
  const there = truth.all<Pod>('pods').filter((pod) => pod.spec?.nodeName === name && isActive(pod) && ownerOf(pod)?.kind !== 'DaemonSet');
  for (const pod of there) await evict(stage, pod);
}

export const TAINT = 'maintenance';

/** For so long; then, or when the API takes it, it is taken away again. */
async function taint(stage: Stage, { node, effect, seconds }: Extract<Action, { do: 'taint' }>): Promise<void> {
  const { client, clock, signal, truth } = stage;
  const name = nodeAt(stage, node) ?? '';
  const others = () => (truth.get<Node>('nodes', name)?.spec?.taints ?? []).filter(({ key }) => key !== TAINT);
  const set = (taints: readonly object[]) => client.patch(nodes, name, 'merge', { spec: { taints } }, { signal });
  await attempt(set([...others(), { key: TAINT, effect }]));
  clock.timer(seconds * 1000, () => void remove());
  async function remove(): Promise<void> {
    if (!signal.aborted && truth.get('nodes', name)) await set(others()).catch(() => clock.timer(5_000, () => void remove()));
  }
}

const nodeAt = ({ kubelets }: Stage, index: number) => [...kubelets.states.keys()][index % kubelets.states.size];

async function cutOff(stage: Stage, index: number, seconds: number): Promise<void> {
  const { kubelets, clock } = stage;
  const name = nodeAt(stage, index);
  if (!name || kubelets.states.get(name) !== 'on') return;
  kubelets.setNode(name, 'cut-off');
  clock.timer(seconds * 1000, () => {
    if (kubelets.states.get(name) === 'cut-off') kubelets.setNode(name, 'on');
  });
}

/** Its power goes, and some time later somebody deletes the Node. The last one stays. */
async function loseNode(stage: Stage, index: number): Promise<void> {
  const { kubelets, client, signal, clock } = stage;
  const name = nodeAt(stage, index);
  if (!name || kubelets.states.size < 3) return;
  kubelets.forgetNode(name);
  clock.timer(20_000, () => void remove());
  async function remove(): Promise<void> {
    await client.delete(nodes, name ?? '', { signal }).catch(() => clock.timer(5_000, () => void remove()));
  }
}

const cordon = (stage: Stage, index: number) => {
  const name = nodeAt(stage, index) ?? '';
  const unschedulable = !stage.truth.get<Node>('nodes', name)?.spec?.unschedulable;
  return attempt(stage.client.patch(nodes, name, 'merge', { spec: { unschedulable } }, { signal: stage.signal }));
};
