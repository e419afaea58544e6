import type {
  DaemonSet,
  Deployment,
  Job,
  PodDisruptionBudget,
  PodSpec,
  ResourceQuota,
  StatefulSet,
} from '../../src/api/schema/generated/types.ts';
import { FATE_LABEL } from './fake-kubelet.ts';
import type { Workloads } from './scenario.ts';

export const NAMESPACE = 'n';
export const QUOTA_START = 60;

const spec: PodSpec = { containers: [{ name: 'c', image: 'image:1', resources: { requests: { cpu: '50m' } } }] };
const podTemplate = (app: string, more: Partial<PodSpec> = {}, labels: Record<string, string> = {}) => ({
  metadata: { labels: { app, ...labels } },
  spec: { ...spec, terminationGracePeriodSeconds: 5, ...more },
});
const selector = (app: string) => ({ matchLabels: { app } });
const named = (name: string) => ({ metadata: { name, namespace: NAMESPACE } });

export const web = ({ replicas, maxSurge, maxUnavailable, minReadySeconds }: Workloads['web']): Deployment => ({
  ...named('web'),
  spec: {
    replicas,
    minReadySeconds,
    selector: selector('web'),
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable: Math.max(maxUnavailable, maxSurge === 0 ? 1 : 0) } },
    template: podTemplate('web'),
  },
});

export const db = ({ replicas, parallel }: Workloads['db']): StatefulSet => ({
  ...named('db'),
  spec: {
    replicas,
    serviceName: 'db',
    podManagementPolicy: parallel ? 'Parallel' : 'OrderedReady',
    selector: selector('db'),
    template: podTemplate('db'),
  },
});

export const agent = ({ surge }: Workloads['agent']): DaemonSet => ({
  ...named('agent'),
  spec: {
    selector: selector('agent'),
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: surge ? { maxSurge: 1, maxUnavailable: 0 } : { maxUnavailable: 1 } },
    template: podTemplate('agent'),
  },
});

export const work = ({ completions, parallelism, indexed, failing }: Workloads['work']): Job => ({
  ...named('work'),
  spec: {
    completions,
    parallelism,
    completionMode: indexed ? 'Indexed' : 'NonIndexed',
    backoffLimit: failing ? 2 : 1_000,
    template: podTemplate('work', { restartPolicy: 'Never' }, { [FATE_LABEL]: failing ? 'Failed' : 'Succeeded' }),
  },
});

export const budget = (minAvailable: number): PodDisruptionBudget => ({
  ...named('web'),
  spec: { minAvailable, selector: selector('web') },
});

export const quota = (pods: number): ResourceQuota => ({ ...named('quota'), spec: { hard: { pods: String(pods) } } });
