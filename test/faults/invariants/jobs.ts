import { objectKey } from '../../../src/api/meta/object.ts';
import type { Job, Pod } from '../../../src/api/schema/generated/types.ts';
import { isActive, isGoing, isJobFinished, isOver, ownerOf } from '../pod-facts.ts';
import type { Invariant, Scene } from './invariant.ts';

const podsOf = ({ history }: Scene, job: Job): Pod[] => history.ownedBy(job.metadata?.uid).map(({ pod }) => pod);
const INDEX = 'batch.kubernetes.io/job-completion-index';

export const countedOnce: Invariant = {
  name: 'a Job counts each pod once',
  check({ resource, before, after }, scene) {
    if (resource !== 'jobs.batch' || !after) return undefined;
    const [was, is] = [(before as Job | undefined)?.status ?? {}, (after as Job).status ?? {}];
    if ((is.succeeded ?? 0) < (was.succeeded ?? 0)) return `succeeded fell from ${was.succeeded} to ${is.succeeded ?? 0}`;
    const pods = podsOf(scene, after as Job);
    const succeeded = pods.filter((pod) => pod.status?.phase === 'Succeeded').length;
    const counted = (is.succeeded ?? 0) + (is.uncountedTerminatedPods?.succeeded?.length ?? 0);
    if (counted > succeeded) return `${counted} pods counted as succeeded, ${succeeded} did`;
    const failed = (is.failed ?? 0) + (is.uncountedTerminatedPods?.failed?.length ?? 0);
    // With a Job that has failed all go that have not ended, and count as failed (upstream: trackJobStatusAndRemoveFinalizers).
    const isFailing = is.conditions?.some((c) => c.type === 'FailureTarget' && c.status === 'True');
    // One that is told to go counts as failed, whatever it does with its last moments.
    const ended = pods.filter((pod) => isGoing(pod) || ((isFailing || !isActive(pod)) && pod.status?.phase !== 'Succeeded')).length;
    return failed > ended ? `${failed} pods counted as failed, ${ended} did` : undefined;
  },
};

export const completeWhenDone: Invariant = {
  name: 'a Job is complete when as many pods have succeeded as it asks for',
  check({ resource, after }) {
    const job = after as Job | undefined;
    if (resource !== 'jobs.batch' || !job?.status?.conditions?.some((c) => c.type === 'Complete' && c.status === 'True')) return undefined;
    const isEnough = job.status.conditions.some((c) => c.type === 'SuccessCriteriaMet' && c.reason === 'SuccessPolicy');
    const [succeeded, wanted] = [job.status.succeeded ?? 0, job.spec?.completions ?? 1];
    if (isEnough) return succeeded < (job.spec?.successPolicy?.rules[0]?.succeededCount ?? 1) ? `complete with ${succeeded}` : undefined;
    return succeeded < wanted || (job.spec?.completionMode === 'Indexed' && succeeded !== wanted)
      ? `complete with ${succeeded} of ${wanted}`
      : undefined;
  },
};

/** `0,2-4` */
const indexesIn = (text: string | undefined): Set<number> =>
  new Set(
    (text ?? '')
      .split(',')
      .filter(Boolean)
      .flatMap((part) => {
        const [first = 0, last = first] = part.split('-').map(Number);
        return Array.from({ length: last - first + 1 }, (_, i) => first + i);
      }),
  );

export const oneOfEachIndex: Invariant = {
  name: 'an index of a Job has one pod at a time, and none once it is completed',
  check({ resource, before, after, by }, scene) {
    const pod = after as Pod;
    if (resource !== 'pods' || before || !after || ownerOf(pod)?.kind !== 'Job') return undefined;
    const index = pod.metadata?.annotations?.[INDEX];
    const job = scene.truth.get<Job>('jobs.batch', `${pod.metadata?.namespace}/${ownerOf(pod)?.name}`);
    if (index === undefined || !job) return undefined;
    // One that is made although its maker was told that it was not is not his fault.
    const lates = scene.history.lates(by, 'create pods');
    if (lates === 0 && indexesIn(job.status?.completedIndexes).has(Number(index)))
      return `index ${index} is completed and gets another pod`;
    const active = podsOf(scene, job).filter(
      (p) => isActive(p) && p.metadata?.annotations?.[INDEX] === index && scene.truth.get('pods', objectKey(p)),
    ).length;
    return active > 1 + lates ? `${active} pods of index ${index}` : undefined;
  },
};

export const failedOften: Invariant = {
  name: 'an index is given up when it has failed more often than it may',
  check({ resource, before, after }, scene) {
    const job = after as Job | undefined;
    const limit = job?.spec?.backoffLimitPerIndex;
    if (resource !== 'jobs.batch' || !job || limit === undefined) return undefined;
    const known = indexesIn((before as Job | undefined)?.status?.failedIndexes);
    const given = [...indexesIn(job.status?.failedIndexes)].filter((index) => !known.has(index));
    const failures = (index: number) =>
      podsOf(scene, job).filter(
        (pod) => pod.metadata?.annotations?.[INDEX] === String(index) && (isGoing(pod) || pod.status?.phase === 'Failed'),
      );
    const early = given.filter((index) => failures(index).length <= limit);
    return early.length > 0 ? `${early.join(', ')} given up, ${limit} failures are nothing` : undefined;
  },
};

export const replacedWhenEnded: Invariant = {
  name: 'a Job with the replacement policy Failed makes no pod for one that is still going',
  check({ resource, before, after, by }, scene) {
    if (resource !== 'pods' || before || !after || ownerOf(after as Pod)?.kind !== 'Job') return undefined;
    const job = scene.truth.get<Job>('jobs.batch', `${after.metadata?.namespace}/${ownerOf(after as Pod)?.name}`);
    if (job?.spec?.podReplacementPolicy !== 'Failed') return undefined;
    const running = podsOf(scene, job).filter((pod) => !isOver(pod) && scene.truth.get('pods', objectKey(pod))).length;
    const most = Math.max(...scene.history.recent('jobs.batch', job).map(({ spec }) => spec?.parallelism ?? 1));
    return running > most + scene.history.lates(by, 'create pods') ? `${running} pods run, at most ${most} wanted` : undefined;
  },
};

export const notBeforeItsTime: Invariant = {
  name: 'a Job goes by itself when it has ended and its time is over',
  check({ resource, before, after, by }, { nowMs }) {
    const job = before as Job | undefined;
    if (resource !== 'jobs.batch' || by !== 'ttl-after-finished' || !job || job.metadata?.deletionTimestamp) return undefined;
    if (after && !after.metadata?.deletionTimestamp) return undefined;
    if (!isJobFinished(job)) return 'it runs';
    const end = job.status?.conditions?.find((c) => ['Complete', 'Failed'].includes(c.type))?.lastTransitionTime ?? '';
    const leftMs = Date.parse(end) + (job.spec?.ttlSecondsAfterFinished ?? Infinity) * 1000 - nowMs;
    return leftMs > 0 ? `${leftMs} ms early` : undefined;
  },
};
