import type { Deployment, Pod, ReplicaSet } from '../../../src/api/schema/generated/types.ts';
import type { History } from '../history.ts';
import { isActive, isAvailable, isOver, isReady, ownerOf } from '../pod-facts.ts';
import type { Truth } from '../truth.ts';
import type { Invariant } from './invariant.ts';

const size = (rs: ReplicaSet | undefined) => rs?.spec?.replicas ?? 0;
const wanted = ({ spec }: Deployment) => spec?.replicas ?? 1;
const surge = ({ spec }: Deployment) => Number(spec?.strategy?.rollingUpdate?.maxSurge ?? 0);
const unavailable = ({ spec }: Deployment) => Number(spec?.strategy?.rollingUpdate?.maxUnavailable ?? 0);

const isRecreate = ({ spec }: Deployment) => spec?.strategy?.type === 'Recreate';

const setsOf = (truth: Truth, deployment: Deployment) =>
  truth.all<ReplicaSet>('replicasets.apps').filter((rs) => ownerOf(rs)?.uid === deployment.metadata?.uid);

function deploymentOf(truth: Truth, rs: ReplicaSet | undefined): Deployment | undefined {
  const owner = rs && ownerOf(rs);
  const found = truth.get<Deployment>('deployments.apps', `${rs?.metadata?.namespace}/${owner?.name}`);
  return owner && found?.metadata?.uid === owner.uid ? found : undefined;
}

/** A ReplicaSet that is made although its maker was told that it was not comes with its size, beside the one of the next template. */
const hasSurprise = (history: History) => history.lates('deployment', 'create replicasets') > 0;

/** As upstream counts: the sizes that the Deployment asks of its ReplicaSets. */
export const maxSurge: Invariant = {
  name: 'a Deployment never asks for more pods than replicas and maxSurge allow',
  check({ resource, before, after, by }, { truth, history }) {
    if (resource !== 'replicasets.apps' || by !== 'deployment' || size(after as ReplicaSet) <= size(before as ReplicaSet)) return undefined;
    const deployment = deploymentOf(truth, after as ReplicaSet);
    if (!deployment || hasSurprise(history)) return undefined;
    const most = Math.max(...history.recent('deployments.apps', deployment).map((d) => wanted(d) + surge(d)));
    const all = setsOf(truth, deployment).reduce((sum, rs) => sum + size(rs), 0);
    return all > most ? `${all} pods asked for, at most ${most} allowed` : undefined;
  },
};

/** A ready pod may be taken away when enough others are believed to be available, whatever has just befallen them. */
export const maxUnavailable: Invariant = {
  name: 'a Deployment never takes more pods down than maxUnavailable allows',
  check({ resource, before, after, by }, { truth, history, nowMs }) {
    const pod = before as Pod;
    if (resource !== 'pods' || by !== 'replicaset' || !pod || !isActive(pod) || !isReady(pod) || (after && isActive(after)))
      return undefined;
    if (history.isThoughtDown(pod.metadata?.uid)) return undefined;
    const owner = ownerOf(pod);
    const rs = truth.get<ReplicaSet>('replicasets.apps', `${pod.metadata?.namespace}/${owner?.name}`);
    const deployment = deploymentOf(truth, rs);
    if (!deployment || deployment.metadata?.deletionTimestamp || isRecreate(deployment)) return undefined;
    // The wall clock was set back to before it became ready: it is not available, and costs nothing.
    if (!isAvailable(pod, deployment.spec?.minReadySeconds ?? 0, nowMs)) return undefined;
    const recent = history.recent('deployments.apps', deployment);
    // Fewer are wanted: which of them go does not depend on who is available.
    if (recent.some((d) => wanted(d) > wanted(deployment)) || recent.some((d) => d.spec?.paused)) return undefined;
    const least = Math.min(...recent.map((d) => wanted(d) - unavailable(d))) - history.lates(by, 'delete pods');
    const left = availableTo(truth, history, deployment);
    return left < least ? `${left} pods left, at least ${least} wanted` : undefined;
  },
};

export const oneTemplateAtATime: Invariant = {
  name: 'a Deployment that recreates its pods makes no new one while an old one may run',
  check({ resource, before, after, by }, { truth, history }) {
    if (resource !== 'pods' || by !== 'replicaset' || before || !after) return undefined;
    const owner = ownerOf(after as Pod);
    const rs = truth.get<ReplicaSet>('replicasets.apps', `${after.metadata?.namespace}/${owner?.name}`);
    const deployment = deploymentOf(truth, rs);
    if (!deployment || !isRecreate(deployment) || hasSurprise(history)) return undefined;
    const others = new Set(setsOf(truth, deployment).flatMap(({ metadata }) => (metadata?.uid === owner?.uid ? [] : [metadata?.uid])));
    const old = truth.all<Pod>('pods').filter((pod) => others.has(ownerOf(pod)?.uid) && !isOver(pod));
    return old.length > history.lates(by, 'create pods') ? `${old.map((pod) => pod.metadata?.name).join(', ')} may run` : undefined;
  },
};

function availableTo(truth: Truth, history: History, deployment: Deployment): number {
  const lives = setsOf(truth, deployment).flatMap((rs) => history.ownedBy(rs.metadata?.uid));
  return lives.filter((life) => history.isBelieved(life, 'ready')).length;
}
