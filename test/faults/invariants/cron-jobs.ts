import type { CronJob, Job } from '../../../src/api/schema/generated/types.ts';
import { isJobFinished, ownerOf } from '../pod-facts.ts';
import type { Invariant } from './invariant.ts';

const cronJobOf = (job: Job | undefined) => (job && ownerOf(job)?.kind === 'CronJob' ? ownerOf(job) : undefined);

export const oneJobARun: Invariant = {
  name: 'a CronJob makes one Job for each of its times, and no two that run together unless it may',
  check({ resource, before, after, by }, { truth, history }) {
    const job = after as Job;
    const owner = cronJobOf(job);
    if (resource !== 'jobs.batch' || before || !owner) return undefined;
    // One that is made although its maker was told that it was not: by then it may have been made, run and removed.
    const lates = history.lates(by, 'create jobs');
    const name = job.metadata?.name ?? '';
    if (history.timesMade('jobs.batch', owner.uid, name) > 1 + lates) return `${name} is made again`;
    const cronJob = truth.get<CronJob>('cronjobs.batch', `${job.metadata?.namespace}/${owner.name}`);
    if (!cronJob || cronJob.spec.concurrencyPolicy === 'Allow') return undefined;
    const running = truth
      .all<Job>('jobs.batch')
      .filter((other) => cronJobOf(other)?.uid === owner.uid && !isJobFinished(other) && !other.metadata?.deletionTimestamp);
    return running.length > 1 + lates ? `${running.length} Jobs run: ${running.map((j) => j.metadata?.name).join(', ')}` : undefined;
  },
};
