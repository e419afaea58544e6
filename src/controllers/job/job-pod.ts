import type { Container, Job, Pod } from '../../api/schema/generated/types.ts';
import { type NamedOwner, podOf } from '../lib/pod-control.ts';
import { FAILURES, IGNORED_FAILURES, INDEX, indexFailures, TRACKING } from './job-pods-plan.ts';

const ENV = 'JOB_COMPLETION_INDEX';
/** Names end in five random characters. */
const MAX_BASE = 253 - 5;

const withIndexEnv = (container: Container): Container =>
  container.env?.some(({ name }) => name === ENV)
    ? container
    : {
        ...container,
        env: [...(container.env ?? []), { name: ENV, valueFrom: { fieldRef: { fieldPath: `metadata.labels['${INDEX}']` } } }],
      };

/** A pod of the Job, for an index if it has such; `failed`: the pod that it replaces in an index with a back-off limit of its own. */
export function jobPod(job: Job & NamedOwner, index: number | undefined, failed: Pod | undefined): Pod {
  const pod = podOf(job, job.spec?.template ?? {});
  const metadata = { ...pod.metadata, finalizers: [...new Set([...(pod.metadata?.finalizers ?? []), TRACKING])] };
  if (index === undefined || !pod.spec) return { ...pod, metadata };
  const name = job.metadata?.name ?? '';
  const suffix = `-${index}-`;
  const { counted, ignored } = indexFailures(job, failed);
  const perIndex = job.spec?.backoffLimitPerIndex !== undefined;
  return {
    ...pod,
    metadata: {
      ...metadata,
      generateName: `${name.slice(0, MAX_BASE - suffix.length)}${suffix}`,
      labels: { ...metadata.labels, [INDEX]: String(index) },
      annotations: {
        ...metadata.annotations,
        [INDEX]: String(index),
        ...(perIndex && { [FAILURES]: String(counted) }),
        ...(perIndex && ignored > 0 && { [IGNORED_FAILURES]: String(ignored) }),
      },
    },
    spec: {
      ...pod.spec,
      hostname: `${name}-${index}`,
      containers: pod.spec.containers.map(withIndexEnv),
      ...(pod.spec.initContainers && { initContainers: pod.spec.initContainers.map(withIndexEnv) }),
    },
  };
}
