import type {
  CronJob,
  DaemonSet,
  Deployment,
  Job,
  PersistentVolume,
  PodDisruptionBudget,
  PodSpec,
  ResourceQuota,
  Service,
  StatefulSet,
  StorageClass,
  V2HorizontalPodAutoscaler,
} from '../../src/api/schema/generated/types.ts';
import { FATE_LABEL, LASTS_LABEL } from './fake-kubelet.ts';
import type { Pace, Workloads } from './scenario.ts';

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

const CLASS = 'static';
/** A released volume is not used again: enough for every claim that a scenario may make. */
export const VOLUMES = 40;

export const storageClass = ({ late }: NonNullable<Workloads['db']['volumes']>): StorageClass => ({
  metadata: { name: CLASS },
  provisioner: 'kubernetes.io/no-provisioner',
  volumeBindingMode: late ? 'WaitForFirstConsumer' : 'Immediate',
});

const DISK_DRIVER = 'disk.example.com';
/** As nodes call the volume of that name in their status. */
export const uniqueNameOf = (volumeName: string): string => `kubernetes.io/csi/${DISK_DRIVER}^${volumeName.replace('volume', 'disk')}`;

export const volume = (i: number): PersistentVolume => ({
  metadata: { name: `volume-${i}` },
  spec: {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Retain',
    storageClassName: CLASS,
    csi: { driver: DISK_DRIVER, volumeHandle: `disk-${i}` },
  },
});

const claims = ({ go }: NonNullable<Workloads['db']['volumes']>) => ({
  volumeClaimTemplates: [
    {
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: CLASS, resources: { requests: { storage: '1Gi' } } },
    },
  ],
  persistentVolumeClaimRetentionPolicy: { whenScaled: go ? 'Delete' : 'Retain', whenDeleted: go ? 'Delete' : 'Retain' },
});

export const db = ({ replicas, parallel, volumes }: Workloads['db']): StatefulSet => ({
  ...named('db'),
  spec: {
    ...(volumes && claims(volumes)),
    replicas,
    serviceName: 'db',
    podManagementPolicy: parallel ? 'Parallel' : 'OrderedReady',
    selector: selector('db'),
    template: podTemplate('db'),
  },
});

export const agent = ({ surge, maxUnavailable }: Workloads['agent']): DaemonSet => ({
  ...named('agent'),
  spec: {
    selector: selector('agent'),
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: surge ? { maxSurge: 1, maxUnavailable: 0 } : { maxUnavailable } },
    template: podTemplate('agent'),
  },
});

export const work = ({ completions, parallelism, indexed, failing, perIndex, enough, patient }: Workloads['work']): Job => {
  const isPerIndex = indexed && perIndex;
  const fate = isPerIndex ? 'OddFails' : failing ? 'Failed' : 'Succeeded';
  return {
    ...named('work'),
    spec: {
      completions,
      parallelism,
      completionMode: indexed ? 'Indexed' : 'NonIndexed',
      podReplacementPolicy: patient ? 'Failed' : 'TerminatingOrFailed',
      ...(isPerIndex ? { backoffLimitPerIndex: 1 } : { backoffLimit: failing ? 2 : 1_000 }),
      ...(indexed && enough > 0 && { successPolicy: { rules: [{ succeededCount: Math.min(enough, completions) }] } }),
      template: podTemplate('work', { restartPolicy: 'Never' }, { [FATE_LABEL]: fate }),
    },
  };
};

export const brief = ({ ttlSeconds }: NonNullable<Workloads['brief']>): Job => ({
  ...named('brief'),
  spec: {
    completions: 1,
    backoffLimit: 1_000,
    ttlSecondsAfterFinished: ttlSeconds,
    template: podTemplate('brief', { restartPolicy: 'Never' }, { [FATE_LABEL]: 'Succeeded' }),
  },
});

export const tick = ({ policy, minutes, lastsSeconds, failing, kept }: NonNullable<Workloads['tick']>): CronJob => ({
  ...named('tick'),
  spec: {
    schedule: `*/${minutes} * * * *`,
    concurrencyPolicy: policy,
    successfulJobsHistoryLimit: kept,
    failedJobsHistoryLimit: kept,
    jobTemplate: {
      spec: {
        backoffLimit: 0,
        template: podTemplate(
          'tick',
          { restartPolicy: 'Never' },
          { [FATE_LABEL]: failing ? 'Failed' : 'Succeeded', [LASTS_LABEL]: String(lastsSeconds) },
        ),
      },
    },
  },
});

export const cache = ({ replicas }: NonNullable<Workloads['cache']>): Deployment => ({
  ...named('cache'),
  spec: { replicas, selector: selector('cache'), strategy: { type: 'Recreate' }, template: podTemplate('cache') },
});

export const api = ({ least }: NonNullable<Workloads['api']>): Deployment => ({
  ...named('api'),
  spec: { replicas: least, selector: selector('api'), template: podTemplate('api') },
});

/** Thousandths of a processor that one pod is to use, and a load that so many pods share below that, but one fewer would not. */
export const USAGE = 100;
export const loadOf = (pods: number): number => (pods - 0.5) * USAGE;

const rules = ({ pods, periodSeconds, windowSeconds }: Pace) => ({
  policies: [{ type: 'Pods', value: pods, periodSeconds }],
  stabilizationWindowSeconds: windowSeconds,
});

export const autoscaler = ({ least, most, pace }: NonNullable<Workloads['api']>): V2HorizontalPodAutoscaler => ({
  ...named('api'),
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
    minReplicas: least,
    maxReplicas: most,
    ...(pace && { behavior: { scaleUp: rules(pace.up), scaleDown: rules(pace.down) } }),
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'AverageValue', averageValue: `${USAGE}m` } } }],
  },
});

export const budget = (minAvailable: number): PodDisruptionBudget => ({
  ...named('web'),
  spec: { minAvailable, selector: selector('web') },
});

export const service = (): Service => ({
  ...named('web'),
  spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
});

export const quota = (pods: number): ResourceQuota => ({ ...named('quota'), spec: { hard: { pods: String(pods) } } });
