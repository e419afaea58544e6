import { describe, expect, it } from 'vitest';
import type { ResourceDefinition } from './define.ts';
import * as api from './index.ts';
import type { KubeObject } from './meta/object.ts';
import type { ContainerStatus, Pod, PodStatus } from './schema/generated/types.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const CREATED = '2026-01-01T11:50:30Z';
const metadata = { name: 'x', namespace: 'default', creationTimestamp: CREATED };

/** `NAME=x · READY=1/1 …`, wide columns in brackets. */
function row<T extends KubeObject>(definition: ResourceDefinition<T>, object: T): string {
  return definition.columns.map((c) => `${c.priority ? '[' : ''}${c.name}=${c.value(object, NOW)}${c.priority ? ']' : ''}`).join(' · ');
}

const status = (overrides: Partial<ContainerStatus>): ContainerStatus => ({
  name: 'a',
  image: 'i',
  imageID: '',
  ready: false,
  restartCount: 0,
  ...overrides,
});
const running = status({ ready: true, started: true, state: { running: { startedAt: CREATED } } });
const exited = (exitCode: number, reason?: string) => ({ terminated: { exitCode, ...(reason && { reason }), finishedAt: CREATED } });

function podCells(podStatus: PodStatus, pod: Partial<Pod> = {}): string {
  const object: Pod = { metadata, spec: { containers: [{ name: 'a', image: 'i' }] }, status: podStatus, ...pod };
  return api.pods.columns
    .slice(1, 4)
    .map((c) => c.value(object, NOW))
    .join(' ');
}

describe('the table of pods', () => {
  it('counts ready containers and tells when the last restart was', () => {
    const restarted = { ...running, restartCount: 3, lastState: exited(1) };
    expect(podCells({ phase: 'Running', containerStatuses: [restarted] })).toBe('1/1 Running 3 (9m30s ago)');
  });

  it('shows why a container waits or ended', () => {
    const waiting = status({ restartCount: 2, state: { waiting: { reason: 'CrashLoopBackOff' } } });
    expect(podCells({ phase: 'Running', containerStatuses: [waiting] })).toBe('0/1 CrashLoopBackOff 2');
    expect(podCells({ phase: 'Succeeded', containerStatuses: [status({ state: exited(0, 'Completed') })] })).toBe('0/1 Completed 0');
    expect(podCells({ phase: 'Failed', containerStatuses: [status({ state: exited(3) })] })).toBe('0/1 ExitCode:3 0');
  });

  it('shows how far init containers are, and what stops them', () => {
    const spec = { containers: [{ name: 'a' }], initContainers: [{ name: 'i1' }, { name: 'i2' }] };
    const done = status({ name: 'i1', state: exited(0, 'Completed') });
    const pending = status({ name: 'i2', state: { waiting: { reason: 'PodInitializing' } } });
    const crash = status({ name: 'i2', restartCount: 1, state: { waiting: { reason: 'CrashLoopBackOff' } } });
    const failed = status({ name: 'i2', state: { terminated: { exitCode: 137, signal: 9 } } });
    const cells = (second: ContainerStatus) => podCells({ phase: 'Pending', initContainerStatuses: [done, second] }, { spec });
    expect(cells(pending)).toBe('0/1 Init:1/2 0');
    expect(cells(crash)).toBe('0/1 Init:CrashLoopBackOff 1');
    expect(cells(failed)).toBe('0/1 Init:Signal:9 0');
  });

  it('counts sidecars as containers, and forgets restarts of init containers once the pod is initialized', () => {
    const spec = { containers: [{ name: 'a' }], initContainers: [{ name: 'once' }, { name: 'side', restartPolicy: 'Always' }] };
    const initContainerStatuses = [
      status({ name: 'once', restartCount: 5, state: exited(0, 'Completed') }),
      { ...running, name: 'side', restartCount: 1 },
    ];
    expect(podCells({ phase: 'Running', initContainerStatuses, containerStatuses: [running] }, { spec })).toBe('2/2 Running 1');
  });

  it('stays Running or NotReady while one container has completed and another runs', () => {
    const both = [status({ state: exited(0, 'Completed') }), { ...running, name: 'b' }];
    const spec = { containers: [{ name: 'a' }, { name: 'b' }] };
    const ready = [{ type: 'Ready', status: 'True' }];
    expect(podCells({ phase: 'Running', containerStatuses: both, conditions: ready }, { spec })).toBe('1/2 Running 0');
    expect(podCells({ phase: 'Running', containerStatuses: both }, { spec })).toBe('1/2 NotReady 0');
  });

  it('says Terminating while it is deleted, Unknown when its node is lost, and SchedulingGated while gated', () => {
    const deleted = { metadata: { ...metadata, deletionTimestamp: CREATED } };
    expect(podCells({ phase: 'Running', containerStatuses: [running] }, deleted)).toBe('1/1 Terminating 0');
    expect(podCells({ phase: 'Running', reason: 'NodeLost', containerStatuses: [running] }, deleted)).toBe('1/1 Unknown 0');
    expect(podCells({ phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] })).toBe(
      '0/1 SchedulingGated 0',
    );
    expect(podCells({ phase: 'Failed', reason: 'Evicted' })).toBe('0/1 Evicted 0');
  });

  it('has the wide columns of upstream', () => {
    const pod: Pod = {
      metadata,
      spec: { containers: [{ name: 'a' }], nodeName: 'n1', readinessGates: [{ conditionType: 'g' }] },
      status: { phase: 'Pending' },
    };
    expect(row(api.pods, pod)).toBe(
      'Name=x · Ready=0/1 · Status=Pending · Restarts=0 · Age=9m30s · [IP=<none>] · [Node=n1] · [Nominated Node=<none>] · [Readiness Gates=0/1]',
    );
  });
});

const template = { spec: { containers: [{ name: 'a', image: 'i:1' }] } };
const selector = { matchLabels: { app: 'x' } };

describe('tables', () => {
  it('show workloads', () => {
    const deployment = { metadata, spec: { replicas: 3, selector, template }, status: { readyReplicas: 2, updatedReplicas: 3 } };
    expect(row(api.deployments, deployment)).toBe(
      'Name=x · Ready=2/3 · Up-to-date=3 · Available=0 · Age=9m30s · [Containers=a] · [Images=i:1] · [Selector=app=x]',
    );
    expect(row(api.replicaSets, { metadata, spec: { replicas: 3, selector, template }, status: { replicas: 1 } })).toBe(
      'Name=x · Desired=3 · Current=1 · Ready=0 · Age=9m30s · [Containers=a] · [Images=i:1] · [Selector=app=x]',
    );
    const job = { metadata, spec: { completions: 5, template }, status: { succeeded: 2, startTime: CREATED } };
    expect(row(api.jobs, job)).toContain('Status=Running · Completions=2/5 · Duration=9m30s · Age=9m30s');
    const cronJob = { metadata, spec: { schedule: '* * * * *', suspend: false, jobTemplate: { spec: { template } } } };
    expect(row(api.cronJobs, cronJob)).toContain(
      'Schedule=* * * * * · Timezone=<none> · Suspend=False · Active=0 · Last Schedule=<none> · Age=9m30s',
    );
  });

  it('show services by their type', () => {
    const ports = [
      { port: 80, nodePort: 30080, protocol: 'TCP' },
      { port: 53, protocol: 'UDP' },
    ];
    const cells = (spec: object, ingress?: object[]) =>
      row(api.services, { metadata, spec, status: { loadBalancer: { ingress } } } as never);
    expect(cells({ type: 'ClusterIP', clusterIPs: ['10.0.0.1'], ports, selector: { app: 'x' } })).toBe(
      'Name=x · Type=ClusterIP · Cluster-IP=10.0.0.1 · External-IP=<none> · Port(s)=80:30080/TCP,53/UDP · Age=9m30s · [Selector=app=x]',
    );
    expect(cells({ type: 'LoadBalancer', ports })).toContain('External-IP=<pending>');
    expect(cells({ type: 'LoadBalancer', externalIPs: ['9.9.9.9'] }, [{ ip: '1.2.3.4' }])).toContain('External-IP=1.2.3.4,9.9.9.9');
    expect(cells({ type: 'ExternalName', externalName: 'a.example' })).toContain(
      'Cluster-IP=<none> · External-IP=a.example · Port(s)=<none>',
    );
  });

  it('show nodes', () => {
    const node = {
      metadata: { ...metadata, labels: { 'node-role.kubernetes.io/control-plane': '', 'kubernetes.io/role': 'box' } },
      spec: { unschedulable: true },
      status: { conditions: [{ type: 'Ready', status: 'True' }], addresses: [{ type: 'InternalIP', address: '10.1.1.1' }] },
    };
    expect(row(api.nodes, node)).toBe(
      'Name=x · Status=Ready,SchedulingDisabled · Roles=box,control-plane · Age=9m30s · Version= · [Internal-IP=10.1.1.1] · [External-IP=<none>] · [OS-Image=<unknown>] · [Kernel-Version=<unknown>] · [Container-Runtime=<unknown>]',
    );
  });

  it('show the same event through both groups', () => {
    const event = {
      metadata,
      involvedObject: { kind: 'Pod', name: 'p' },
      type: 'Normal',
      reason: 'Started',
      message: 'Started container\n',
      source: { component: 'kubelet', host: 'n1' },
      firstTimestamp: CREATED,
      lastTimestamp: '2026-01-01T11:59:00Z',
      count: 4,
    };
    const expected =
      'Last Seen=60s · Type=Normal · Reason=Started · Object=pod/p · [Subobject=] · [Source=kubelet, n1] · Message=Started container · [First Seen=9m30s] · [Count=4] · [Name=x]';
    expect(row(api.events, event)).toBe(expected);
    const door = api.eventsV1Events.storedAs?.fromStored(event);
    expect(door).toMatchObject({ regarding: { name: 'p' }, note: 'Started container\n', deprecatedCount: 4 });
    expect(row(api.eventsV1Events, door as never)).toBe(expected);
  });

  it('show at most three endpoints', () => {
    const addresses = ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4'].map((ip) => ({ ip }));
    expect(row(api.endpoints, { metadata, subsets: [{ addresses, ports: [{ port: 80 }] }] })).toContain(
      'Endpoints=1.1.1.1:80,1.1.1.2:80,1.1.1.3:80 + 1 more...',
    );
    const slice = { metadata, addressType: 'IPv4', ports: [], endpoints: addresses.map((a) => ({ addresses: [a.ip] })) };
    expect(row(api.endpointSlices, slice)).toBe(
      'Name=x · AddressType=IPv4 · Ports=<unset> · Endpoints=1.1.1.1,1.1.1.2,1.1.1.3 + 1 more... · Age=9m30s',
    );
  });

  it('show volumes and claims', () => {
    const pv = {
      metadata,
      spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteMany', 'ReadWriteOnce'], claimRef: { namespace: 'd', name: 'c' } },
    };
    expect(row(api.persistentVolumes, pv)).toBe(
      'Name=x · Capacity=1Gi · Access Modes=RWO,RWX · Reclaim Policy= · Status= · Claim=d/c · StorageClass= · VolumeAttributesClass=<unset> · Reason= · Age=9m30s · [VolumeMode=<unset>]',
    );
    const sc = { metadata: { ...metadata, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } }, provisioner: 'p' };
    expect(row(api.storageClasses, sc)).toBe(
      'Name=x (default) · Provisioner=p · ReclaimPolicy=Delete · VolumeBindingMode=Immediate · AllowVolumeExpansion=false · Age=9m30s',
    );
  });

  it('show requests for certificates with their decision', () => {
    const csr = {
      metadata,
      spec: { request: '', signerName: 's', username: 'u', expirationSeconds: 3600 },
      status: { certificate: 'abc', conditions: [{ type: 'Approved', status: 'True' }] },
    };
    expect(row(api.certificateSigningRequests, csr)).toBe(
      'Name=x · Age=9m30s · SignerName=s · Requestor=u · RequestedDuration=60m · Condition=Approved,Issued',
    );
  });

  it('show what autoscalers look at, through both versions', () => {
    const hpa = {
      metadata,
      spec: {
        maxReplicas: 5,
        scaleTargetRef: { kind: 'Deployment', name: 'd' },
        metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }],
      },
      status: {
        currentReplicas: 2,
        desiredReplicas: 2,
        currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 40 } } }],
      },
    };
    const expected = 'Name=x · Reference=Deployment/d · Targets=cpu: 40%/80% · MinPods=<unset> · MaxPods=5 · Replicas=2 · Age=9m30s';
    expect(row(api.horizontalPodAutoscalers, hpa)).toBe(expected);
    const v1 = api.horizontalPodAutoscalersV1.storedAs?.fromStored(hpa);
    expect(v1).toMatchObject({ spec: { targetCPUUtilizationPercentage: 80 }, status: { currentCPUUtilizationPercentage: 40 } });
    expect(row(api.horizontalPodAutoscalersV1, v1 as never)).toBe(expected);
  });

  it('have a name and an age or a time for every kind', () => {
    const withoutAge = ['componentstatuses', 'csistoragecapacities', 'ipaddresses', 'podtemplates', 'events'];
    for (const d of api.definitions.filter((d) => !withoutAge.includes(d.plural) && d.group !== 'metrics.k8s.io')) {
      expect(d.columns[0]).toMatchObject({ name: 'Name', format: 'name', priority: 0 });
      expect(d.columns.map((c) => c.name)).toEqual(expect.arrayContaining([expect.stringMatching(/^(Age|Created At)$/)]));
    }
  });
});
