import { describe, expect, it } from 'vitest';
import type { Job } from '../schema/generated/types.ts';
import { jobs } from './job.ts';
import { generateSelector } from './job-defaults.ts';

const context = { now: '2026-01-01T00:00:00Z', user: { name: 'me', groups: [] }, subresource: '' };
const made = (change: (job: Job & { spec: NonNullable<Job['spec']> }) => void = () => {}): Job => {
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }], restartPolicy: 'Never' } };
  const job = { metadata: { name: 'j', namespace: 'default', uid: 'u' }, spec: { template } } as Job & { spec: NonNullable<Job['spec']> };
  jobs.hooks.defaults?.(job);
  generateSelector(job);
  change(job);
  return job;
};
const labelsOf = ({ spec }: Job): Record<string, string> => spec?.template.metadata?.labels ?? {};
const update = (job: Job, old = made()) => jobs.hooks.validateUpdate?.(job, old, context).map(({ path, message }) => `${path}: ${message}`);

describe('an update of a Job', () => {
  it('is held to what was generated, and its spec is looked at twice', () => {
    const changed = made(({ spec }) => {
      spec.selector = { matchLabels: { x: 'y' } };
    });
    const shown =
      '{"a":"b","batch.kubernetes.io/controller-uid":"u","batch.kubernetes.io/job-name":"j","controller-uid":"u","job-name":"j"}';
    const mismatch = `spec.template.metadata.labels: Invalid value: ${shown}: \`selector\` does not match template \`labels\``;
    expect(update(changed)).toEqual([
      'spec.selector: Invalid value: {"matchLabels":{"x":"y"}}: `selector` not auto-generated',
      mismatch,
      mismatch,
      'spec.selector: Invalid value: {"matchLabels":{"x":"y"}}: field is immutable',
    ]);
  });

  it('needs the labels with a prefix only where they were', () => {
    const bare = made((job) => {
      for (const name of ['controller-uid', 'job-name']) delete labelsOf(job)[`batch.kubernetes.io/${name}`];
      job.spec.selector = { matchLabels: { 'controller-uid': 'u' } };
    });
    expect(update(bare, structuredClone(bare))).toEqual([]);
    const suspended = made(({ spec }) => {
      spec.suspend = true;
    });
    const without = structuredClone(suspended);
    delete labelsOf(without)['batch.kubernetes.io/job-name'];
    expect(update(without, suspended)).toEqual([
      "spec.template.metadata.labels[batch.kubernetes.io/job-name]: Required value: must be 'j'",
    ]);
  });

  it('may not give its pods host names that are none', () => {
    const indexed = (completions: number) =>
      made((job) => {
        Object.assign(job.spec, { completionMode: 'Indexed', completions, parallelism: completions });
        if (job.metadata) job.metadata.name = 'j'.repeat(61);
        for (const name of ['job-name', 'batch.kubernetes.io/job-name']) labelsOf(job)[name] = 'j'.repeat(61);
      });
    expect(update(indexed(11), indexed(1))).toEqual([
      expect.stringContaining(`will not able to create pod with invalid DNS label: ${'j'.repeat(61)}-10`),
    ]);
  });
});

it.each([[undefined], [{}], [{ backoffLimit: 1 }]])(
  'a Job of which there is no more than %j gets a selector and labels all the same',
  (spec) => {
    const job = { metadata: { name: 'j', uid: 'u' }, spec } as unknown as Job;
    jobs.hooks.prepareForCreate?.(job, {} as never);
    expect(job.spec?.selector).toEqual({ matchLabels: { 'batch.kubernetes.io/controller-uid': 'u' } });
    expect(job.spec?.template.metadata?.labels).toMatchObject({ 'controller-uid': 'u', 'job-name': 'j' });
  },
);
