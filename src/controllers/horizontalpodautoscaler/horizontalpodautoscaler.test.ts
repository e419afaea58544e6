import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiServices, deployments, events, horizontalPodAutoscalers, podMetrics, pods, registry } from '../../api/index.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { ApiError } from '../../api/meta/status.ts';
import type { Event, Pod, V2HorizontalPodAutoscaler, V2MetricSpec } from '../../api/schema/generated/types.ts';
import type { ApiRequest, Transport } from '../../api/transport.ts';
import { rfc3339 } from '../../base/clock.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { createClient } from '../../client/client.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { horizontalPodAutoscaler } from './horizontalpodautoscaler.ts';

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

const SYNC_MS = 15_000;
const cpu = (averageUtilization = 50): V2MetricSpec => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
});
const now = {
  scaleDown: { stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
};

/** A Deployment `web` whose pods use what they are told to, and somebody who answers metrics that are not minik's own. */
function start({ replicas = 2, custom }: { replicas?: number; custom?: (request: ApiRequest) => object } = {}) {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  const asked: ApiRequest[] = [];
  const transport: Transport = {
    async request(request, options) {
      if (!custom || !/^(custom|external)\.metrics/.test(request.group)) return cluster.request(request, options);
      asked.push(request);
      return custom(request) as KubeObject;
    },
    watch: (request, options) => cluster.watch(request, options),
  };
  startControllers([horizontalPodAutoscaler({ kinds: () => registry.all })], {
    client: createClient(transport),
    clock,
    signal: stop.signal,
  });
  const selector = { matchLabels: { app: 'web' } };
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [] } };
  cluster.seed(deployments, {
    metadata: { name: 'web', namespace: 'n' },
    spec: { replicas, selector, template },
    status: { replicas },
  });
  const addPod = (name: string, labels = { app: 'web' }) =>
    cluster.seed<Pod>(pods, {
      metadata: { name, namespace: 'n', labels },
      spec: { containers: [{ name: 'main', resources: { requests: { cpu: '1', memory: '1Gi' } } }] },
      status: {
        phase: 'Running',
        startTime: rfc3339(clock.now() - 3_600_000),
        conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: rfc3339(clock.now() - 3_500_000) }],
      },
    });
  for (let i = 0; i < replicas; i += 1) addPod(`web-${i}`);
  const use = (...cpus: string[]) => {
    for (const [i, amount] of cpus.entries())
      cluster.seed(podMetrics, {
        metadata: { name: `web-${i}`, namespace: 'n', labels: { app: 'web' } },
        timestamp: rfc3339(clock.now()),
        window: '15s',
        containers: [{ name: 'main', usage: { cpu: amount, memory: '512Mi' } }],
      });
  };
  const autoscaler = (spec: Partial<V2HorizontalPodAutoscaler['spec']> = {}, name = 'web') =>
    cluster.seed(horizontalPodAutoscalers, {
      metadata: { name, namespace: 'n' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        minReplicas: 1,
        maxReplicas: 10,
        metrics: [cpu()],
        ...spec,
      },
    });
  const size = () => cluster.find(deployments, 'n/web')?.spec?.replicas;
  const status = (name = 'web') => cluster.find(horizontalPodAutoscalers, `n/${name}`)?.status;
  const condition = (type: string, name = 'web') => {
    const found = status(name)?.conditions?.find((each) => each.type === type);
    return found && `${found.status} ${found.reason}: ${found.message}`;
  };
  const told = () => cluster.all<Event>(events).map(({ reason, message }) => `${reason}: ${message}`);
  const statusWrites = () => cluster.writes.filter((write) => write.includes('horizontalpodautoscalers')).length;
  const pass = () => clock.advance(SYNC_MS);
  return { clock, cluster, asked, addPod, use, autoscaler, size, status, condition, told, statusWrites, pass };
}

describe('the autoscaler', () => {
  it('makes more pods when they use more than they should, says so, and measures again after 15 seconds', async () => {
    const { clock, use, autoscaler, size, status, condition, told, pass } = start();
    use('900m', '700m');
    autoscaler();
    await clock.advance(10);
    expect(size()).toBe(4);
    expect(status()).toMatchObject({
      currentReplicas: 2,
      desiredReplicas: 4,
      lastScaleTime: rfc3339(clock.now()),
      currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 80, averageValue: '800m' } } }],
    });
    expect(condition('AbleToScale')).toBe('True SucceededRescale: the HPA controller was able to update the target scale to 4');
    expect(condition('ScalingActive')).toBe(
      'True ValidMetricFound: the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)',
    );
    expect(condition('ScalingLimited')).toBe('False DesiredWithinRange: the desired count is within the acceptable range');
    expect(told()).toEqual(['SuccessfulRescale: New size: 4; reason: cpu resource utilization (percentage of request) above target']);
    use('500m', '500m');
    await clock.advance(SYNC_MS - 100);
    expect(status()?.desiredReplicas).toBe(4);
    await pass();
    expect(status()).toMatchObject({ currentReplicas: 4, desiredReplicas: 4 });
  });

  it('makes fewer only after the window, and at once when the window is nothing', async () => {
    const { clock, cluster, use, autoscaler, size, condition, pass } = start({ replicas: 4 });
    use('100m', '100m', '100m', '100m');
    const slow = autoscaler();
    await clock.advance(10);
    expect(size()).toBe(4);
    expect(condition('AbleToScale')).toBe(
      'True ScaleDownStabilized: recent recommendations were higher than current one, applying the highest recent recommendation',
    );
    cluster.seed(horizontalPodAutoscalers, { ...slow, spec: { ...slow.spec, behavior: now } });
    await clock.advance(10);
    expect(size()).toBe(1);
    await pass();
  });

  it('writes nothing while nothing changes', async () => {
    const { clock, use, autoscaler, statusWrites, told, pass } = start();
    use('500m', '500m');
    autoscaler();
    await clock.advance(10);
    expect(statusWrites()).toBe(1);
    for (let i = 0; i < 20; i += 1) await pass();
    expect(statusWrites()).toBe(1);
    expect(told()).toEqual([]);
  });

  it('keeps to the bounds without asking for metrics', async () => {
    const { clock, autoscaler, size, told } = start({ replicas: 12 });
    autoscaler();
    await clock.advance(10);
    expect(size()).toBe(10);
    expect(told()).toEqual(['SuccessfulRescale: New size: 10; reason: Current number of replicas above Spec.MaxReplicas']);
    const low = start({ replicas: 1 });
    low.autoscaler({ minReplicas: 3 });
    await low.clock.advance(10);
    expect(low.size()).toBe(3);
    expect(low.told()).toEqual(['SuccessfulRescale: New size: 3; reason: Current number of replicas below Spec.MinReplicas']);
  });

  it('leaves alone what somebody set to zero', async () => {
    const { clock, autoscaler, size, condition } = start({ replicas: 0 });
    autoscaler();
    await clock.advance(10);
    expect(size()).toBe(0);
    expect(condition('ScalingActive')).toBe('False ScalingDisabled: scaling is disabled since the replica count of the target is zero');
  });

  it('says why it cannot read its target', async () => {
    const { clock, autoscaler, condition, told } = start();
    autoscaler({ scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'none' } }, 'a');
    autoscaler({ scaleTargetRef: { apiVersion: 'example.com/v1', kind: 'Foo', name: 'x' } }, 'b');
    autoscaler({ scaleTargetRef: { kind: 'ConfigMap', name: 'x' } }, 'c');
    await clock.advance(10);
    const cannot = "False FailedGetScale: the HPA controller was unable to get the target's current scale: ";
    expect(condition('AbleToScale', 'a')).toBe(`${cannot}deployments.apps "none" not found`);
    expect(condition('AbleToScale', 'b')).toBe(`${cannot}no matches for kind "Foo" in group "example.com"`);
    expect(told()).toContain('FailedGetScale: no matches for kind "Foo" in group "example.com"');
    expect(condition('AbleToScale', 'c')).toContain(cannot);
  });

  it('tells that metrics cannot be had, again and again but as one event, and goes on when they can', async () => {
    const { clock, cluster, use, autoscaler, size, status, condition, told, pass } = start();
    cluster.intercept = (request) => {
      if (request.group !== 'metrics.k8s.io') return;
      throw new ApiError('ServiceUnavailable', 'the server is currently unable to handle the request (get pods.metrics.k8s.io)');
    };
    autoscaler();
    await clock.advance(10);
    await pass();
    const why =
      'failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server is currently unable to handle the request (get pods.metrics.k8s.io)';
    expect(condition('ScalingActive')).toBe(`False FailedGetResourceMetric: the HPA was unable to compute the replica count: ${why}`);
    expect(told()).toEqual([
      `FailedGetResourceMetric: ${why}`,
      `FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: ${why}`,
    ]);
    expect(cluster.all<Event>(events).map(({ count }) => count)).toEqual([2, 2]);
    expect(status()).toMatchObject({ currentReplicas: 2, currentMetrics: [{ type: '' }] });
    cluster.intercept = () => {};
    use('1', '1');
    await pass();
    expect(size()).toBe(4);
  });

  it('tells memory as it is written', async () => {
    const { clock, use, autoscaler, status } = start();
    use('1', '1');
    autoscaler({ metrics: [{ type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '512Mi' } } }] });
    await clock.advance(10);
    expect(status()?.currentMetrics).toEqual([{ type: 'Resource', resource: { name: 'memory', current: { averageValue: '512Mi' } } }]);
  });

  it('scales up by the metrics that it has, and down only when it has all', async () => {
    const memory: V2MetricSpec = {
      type: 'Resource',
      resource: { name: 'nvidia.com/gpu', target: { type: 'AverageValue', averageValue: '1' } },
    };
    const up = start();
    up.use('900m', '900m');
    up.autoscaler({ metrics: [memory, cpu()] });
    await up.clock.advance(10);
    expect(up.size()).toBe(4);
    expect(up.status()?.currentMetrics).toMatchObject([{ type: '' }, { type: 'Resource' }]);
    const down = start({ replicas: 4 });
    down.use('10m', '10m', '10m', '10m');
    down.autoscaler({ metrics: [memory, cpu()], behavior: now });
    await down.clock.advance(10);
    expect(down.size()).toBe(4);
    expect(down.told().at(-1)).toContain(
      'invalid metrics (1 invalid out of 2), first error is: failed to get nvidia.com/gpu resource metric value',
    );
  });

  it('tries again when somebody else changed the target meanwhile, and tells when it may not', async () => {
    const { clock, cluster, use, autoscaler, size } = start();
    use('1', '1');
    let conflicts = 2;
    cluster.intercept = (request) => {
      if (request.verb === 'update' && request.subresource === 'scale' && conflicts-- > 0)
        throw new ApiError('Conflict', 'the object has been modified');
    };
    autoscaler();
    await clock.advance(10);
    expect(size()).toBe(4);
    const refused = start();
    refused.use('1', '1');
    refused.cluster.intercept = (request) => {
      if (request.verb === 'update' && request.subresource === 'scale') throw new ApiError('Forbidden', 'quota');
    };
    refused.autoscaler();
    await refused.clock.advance(10);
    expect(refused.condition('AbleToScale')).toBe(
      'False FailedUpdateScale: the HPA controller was unable to update the target scale: quota',
    );
    expect(refused.told()).toEqual([
      'FailedRescale: New size: 4; reason: cpu resource utilization (percentage of request) above target; error: quota',
    ]);
  });

  it('stands still when another autoscaler has its pods', async () => {
    const { clock, use, autoscaler, condition, size, pass } = start();
    use('1', '1');
    autoscaler({ maxReplicas: 2, minReplicas: 2 }, 'first');
    await clock.advance(10);
    autoscaler({}, 'second');
    await clock.advance(10);
    await pass();
    const message = 'pods by selector app=web are controlled by multiple HPAs: [{first n} {second n}]';
    expect(condition('ScalingActive', 'second')).toBe(`False AmbiguousSelector: ${message}`);
    expect(condition('ScalingActive', 'first')).toBe(`False AmbiguousSelector: ${message}`);
    expect(size()).toBe(2);
  });

  it('acts at once when its spec changes', async () => {
    const { clock, cluster, use, autoscaler, size } = start();
    use('800m', '800m');
    const first = autoscaler({ metrics: [cpu(80)] });
    await clock.advance(10);
    expect(size()).toBe(2);
    cluster.seed(horizontalPodAutoscalers, { ...first, spec: { ...first.spec, metrics: [cpu(40)] } });
    await clock.advance(10);
    expect(size()).toBe(4);
  });

  it('looks at one container of each pod when it is told to', async () => {
    const { clock, use, autoscaler, size, status, told } = start();
    use('800m', '800m');
    const target = { type: 'Utilization', averageUtilization: 40 };
    autoscaler({ metrics: [{ type: 'ContainerResource', containerResource: { name: 'cpu', container: 'main', target } }] });
    await clock.advance(10);
    expect(size()).toBe(4);
    expect(status()?.currentMetrics).toEqual([
      {
        type: 'ContainerResource',
        containerResource: { name: 'cpu', container: 'main', current: { averageUtilization: 80, averageValue: '800m' } },
      },
    ]);
    expect(told()).toEqual([
      'SuccessfulRescale: New size: 4; reason: cpu container resource utilization (percentage of request) above target',
    ]);
  });
});

describe('metrics of others', () => {
  const item = (name: string, value: string) => ({ describedObject: { kind: 'Pod', name }, timestamp: '2026-01-01T00:00:00Z', value });
  const register = ({ cluster }: ReturnType<typeof start>, group: string, version: string) =>
    cluster.seed(apiServices, { metadata: { name: `${version}.${group}` }, spec: { group, version } as never });
  const requests: V2MetricSpec = {
    type: 'Pods',
    pods: {
      metric: { name: 'requests', selector: { matchLabels: { verb: 'get' } } },
      target: { type: 'AverageValue', averageValue: '10' },
    },
  };

  it('of pods are asked for by the selector of the target, in the newest version that is registered', async () => {
    const test = start({ custom: () => ({ items: [item('web-0', '15'), item('web-1', '25')] }) });
    register(test, 'custom.metrics.k8s.io', 'v1beta1');
    register(test, 'custom.metrics.k8s.io', 'v1beta2');
    test.autoscaler({ metrics: [requests] });
    await test.clock.advance(10);
    expect(test.asked[0]).toMatchObject({
      verb: 'get',
      group: 'custom.metrics.k8s.io',
      version: 'v1beta2',
      resource: 'pods',
      name: '*',
      subresource: 'requests',
      namespace: 'n',
      options: { labelSelector: 'app=web', metricLabelSelector: 'verb=get' },
    });
    expect(test.size()).toBe(4);
    expect(test.status()?.currentMetrics).toMatchObject([{ type: 'Pods', pods: { current: { averageValue: '20' } } }]);
    expect(test.told()).toEqual(['SuccessfulRescale: New size: 4; reason: pods metric requests above target']);
  });

  it('cannot be had when nobody serves them', async () => {
    const test = start({ custom: () => ({ items: [] }) });
    const external: V2MetricSpec = { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'Value', value: '1' } } };
    test.autoscaler({ metrics: [requests] }, 'a');
    await test.clock.advance(10);
    expect(test.condition('ScalingActive', 'a')).toBe(
      'False FailedGetPodsMetric: the HPA was unable to compute the replica count: unable to get metric requests: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered',
    );
    const other = start({ custom: () => ({ items: [] }) });
    other.autoscaler({ metrics: [external] });
    await other.clock.advance(10);
    expect(other.condition('ScalingActive')).toBe(
      'False FailedGetExternalMetric: the HPA was unable to compute the replica count: failed to get external metric queue: unable to get external metric n/queue/nil: unable to fetch metrics from external metrics API: the server could not find the requested resource (get queue.external.metrics.k8s.io)',
    );
  });

  it('of an object are shared by the pods, or are for each of them', async () => {
    const object = (target: { type: string; value?: string; averageValue?: string }): V2MetricSpec => ({
      type: 'Object',
      object: { describedObject: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'front' }, metric: { name: 'qps' }, target },
    });
    const shared = start({ custom: () => ({ items: [item('front', '30')] }) });
    register(shared, 'custom.metrics.k8s.io', 'v1beta1');
    shared.autoscaler({ metrics: [object({ type: 'Value', value: '20' })] });
    await shared.clock.advance(10);
    expect(shared.asked[0]).toMatchObject({
      version: 'v1beta1',
      resource: 'ingresses.networking.k8s.io',
      name: 'front',
      subresource: 'qps',
    });
    expect(shared.size()).toBe(3);
    expect(shared.told()).toEqual(['SuccessfulRescale: New size: 3; reason: Ingress metric qps above target']);
    const each = start({ custom: () => ({ items: [item('front', '50')] }) });
    register(each, 'custom.metrics.k8s.io', 'v1beta1');
    each.autoscaler({ metrics: [object({ type: 'AverageValue', averageValue: '10' })] });
    await each.clock.advance(10);
    expect(each.size()).toBe(4);
    expect(each.status()?.currentMetrics).toMatchObject([
      { object: { describedObject: { name: 'front' }, current: { averageValue: '25' } } },
    ]);
    expect(each.condition('ScalingLimited')).toContain('True ScaleUpLimit');
  });

  it('from outside are added up over their series', async () => {
    const test = start({ custom: () => ({ items: [{ value: '12' }, { value: '500m' }] }) });
    register(test, 'external.metrics.k8s.io', 'v1beta1');
    const metric = { name: 'queue', selector: { matchLabels: { topic: 'jobs' } } };
    test.autoscaler({ metrics: [{ type: 'External', external: { metric, target: { type: 'AverageValue', averageValue: '5' } } }] });
    await test.clock.advance(10);
    expect(test.asked[0]).toMatchObject({ verb: 'list', resource: 'queue', namespace: 'n', options: { labelSelector: 'topic=jobs' } });
    expect(test.size()).toBe(3);
    expect(test.told()).toEqual([
      'SuccessfulRescale: New size: 3; reason: external metric queue(&LabelSelector{MatchLabels:map[string]string{topic: jobs,},MatchExpressions:[]LabelSelectorRequirement{},}) above target',
    ]);
  });
});
