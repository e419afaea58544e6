import { request } from 'node:https';
import { expect, test } from 'vitest';
import type {
  Deployment,
  Event,
  Node,
  NodeMetrics,
  Pod,
  PodMetrics,
  V2HorizontalPodAutoscaler,
} from '../../src/api/schema/generated/types.ts';
import { NODE_NAME } from './support/cluster.ts';
import { nodeAddress } from './support/environment.ts';
import { kubectl } from './support/kubectl.ts';
import { container, deployment, SLEEP } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('autoscaling');

/** Burns CPU, as much as its limit lets it, until the file is there. */
const BURN = "trap 'exit 0' TERM; while [ ! -e /tmp/idle ]; do :; done; sleep 3600 & wait";
const TIMEOUT_MS = 300_000;

function burner(name: string): Deployment {
  const resources = { requests: { cpu: '50m', memory: '16Mi' }, limits: { cpu: '100m', memory: '64Mi' } };
  return deployment(name, 1, { containers: [container(BURN, { resources })] });
}
const autoscaler = (name: string): object => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
    minReplicas: 1,
    maxReplicas: 2,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } }],
    behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
  },
});
const raw = (path: string) => kubectl(['get', '--raw', path]).then(({ stdout }) => stdout);

test('kubectl top shows what nodes, pods and containers use', async () => {
  const resources = { requests: { cpu: '50m' }, limits: { cpu: '100m' } };
  const containers = [container(BURN, { resources }), { ...container(SLEEP), name: 'side' }];
  await ns.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'busy', labels: { app: 'busy' } },
    spec: { terminationGracePeriodSeconds: 1, containers },
  });
  await ns.podReady('busy');
  await eventually('the pod is measured', async () => {
    const text = await ns.run('top', 'pod', 'busy', '--containers', '--no-headers');
    const [, milli = '0'] = /^busy\s+main\s+(\d+)m\s+\d+Mi\s*$/m.exec(text) ?? [];
    expect(Number(milli)).toBeGreaterThan(20);
    expect(text).toMatch(/^busy\s+side\s+\d+m\s+\d+Mi\s*$/m);
    return true;
  });
  expect(await ns.run('top', 'pods', '-l', 'app=busy', '--no-headers')).toMatch(/^busy\s+\d+m\s+\d+Mi\s*$/m);
  expect(await ns.run('top', 'nodes', '--no-headers')).toMatch(new RegExp(`^${NODE_NAME}\\s+\\d+m\\s+\\d+%\\s+\\d+Mi\\s+\\d+%`, 'm'));
  const metrics = await ns.json<PodMetrics>('get', 'pods.metrics.k8s.io', 'busy');
  expect(metrics).toMatchObject({
    kind: 'PodMetrics',
    metadata: { labels: { app: 'busy' } },
    window: expect.stringMatching(/^[\d.]+m?s$/),
  });
  expect(metrics.containers.map(({ name }) => name).sort()).toEqual(['main', 'side']);
  const { items } = await ns.json<{ items: NodeMetrics[] }>('get', 'nodes.metrics.k8s.io');
  expect(items.map(({ metadata }) => metadata?.name)).toEqual([NODE_NAME]);
  expect(await ns.run('get', 'podmetrics')).toMatch(/^NAME\s+CPU\s+MEMORY\s+WINDOW\nbusy\s/);
  expect((await ns.fails('top', 'pod', 'none')).stderr).toContain('NotFound');
});

test('the kubelet tells what the node, its pods and containers use, through the API server', async () => {
  const node = `/api/v1/nodes/${NODE_NAME}/proxy`;
  const { node: own, pods } = JSON.parse(await raw(`${node}/stats/summary`));
  expect(own).toMatchObject({
    nodeName: NODE_NAME,
    cpu: { usageCoreNanoSeconds: expect.any(Number) },
    fs: { capacityBytes: expect.any(Number) },
  });
  expect(own.memory.workingSetBytes).toBeGreaterThan(1 << 20);
  const busy = pods.find(({ podRef }: { podRef: { name: string } }) => podRef.name === 'busy');
  expect(busy).toMatchObject({
    podRef: { namespace: ns.namespace },
    network: { name: 'eth0', rxBytes: expect.any(Number) },
    process_stats: { process_count: expect.any(Number) },
  });
  expect(busy.cpu.usageCoreNanoSeconds).toBeGreaterThan(0);
  expect(busy.containers.map(({ name }: { name: string }) => name).sort()).toEqual(['main', 'side']);
  const resource = await raw(`${node}/metrics/resource`);
  expect(resource).toMatch(
    new RegExp(`^container_cpu_usage_seconds_total{container="main",namespace="${ns.namespace}",pod="busy"} [\\d.]+ \\d+$`, 'm'),
  );
  expect(resource).toMatch(/^node_memory_working_set_bytes \d+ \d+$/m);
  expect(resource).toContain('\nscrape_error 0\n');
  const cadvisor = await raw(`${node}/metrics/cadvisor`);
  expect(cadvisor).toMatch(/^container_network_receive_bytes_total{.*pod="busy",interface="eth0"} \d+ \d+$/m);
  expect(cadvisor).toMatch(/^machine_cpu_cores \d+$/m);
});

test('the kubelet lets in whom the API server says may see its metrics, and nobody else', async () => {
  const { status } = await ns.json<Node>('get', 'node', NODE_NAME);
  const port = status?.daemonEndpoints?.kubeletEndpoint?.Port;
  const ask = (path: string, token?: string) =>
    new Promise<{ code: number | undefined; text: string }>((resolve, reject) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const sent = request({ host: nodeAddress(), port, path, headers, rejectUnauthorized: false }, async (response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk as Buffer);
        resolve({ code: response.statusCode, text: Buffer.concat(chunks).toString('utf8') });
      });
      sent.on('error', reject).end();
    });
  await ns.run('create', 'serviceaccount', 'scraper');
  const token = (await ns.run('create', 'token', 'scraper')).trim();
  expect((await ask('/metrics/resource')).code).toBe(401);
  const user = `system:serviceaccount:${ns.namespace}:scraper`;
  expect(await ask('/metrics/resource', token)).toEqual({
    code: 403,
    text: `Forbidden (user=${user}, verb=get, resource=nodes, subresource(s)=[metrics])\n`,
  });
  await kubectl(['create', 'clusterrole', 'e2e-scraper', '--verb=get', '--resource=nodes/stats']);
  await kubectl(['create', 'clusterrolebinding', 'e2e-scraper', '--clusterrole=e2e-scraper', `--serviceaccount=${ns.namespace}:scraper`]);
  try {
    const answer = await eventually('the role counts', async () => {
      const found = await ask('/stats/summary', token);
      expect(found.code).toBe(200);
      return found;
    });
    expect(JSON.parse(answer.text).node.nodeName).toBe(NODE_NAME);
    expect((await ask('/pods', token)).code).toBe(403);
  } finally {
    await kubectl(['delete', 'clusterrole,clusterrolebinding', 'e2e-scraper']);
  }
});

test('a Deployment grows under load and shrinks when it is over', { timeout: TIMEOUT_MS }, async () => {
  await ns.apply(burner('web'), autoscaler('web'));
  await ns.until<Deployment>('it has grown', 'deployment/web', ({ spec }) => spec?.replicas === 2, TIMEOUT_MS);
  const { status } = await ns.json<V2HorizontalPodAutoscaler>('get', 'hpa', 'web');
  expect(status).toMatchObject({ desiredReplicas: 2, lastScaleTime: expect.any(String) });
  expect(status?.currentMetrics?.[0]?.resource?.current.averageUtilization).toBeGreaterThan(60);
  await ns.run('wait', 'deployment/web', '--for=jsonpath={.status.readyReplicas}=2', '--timeout=60s');
  const pods = (await ns.json<{ items: Pod[] }>('get', 'pods', '-l', 'app=web')).items;
  await Promise.all(pods.map(({ metadata }) => ns.sh(metadata?.name ?? '', 'touch /tmp/idle')));
  await ns.until<Deployment>('it has shrunk', 'deployment/web', ({ spec }) => spec?.replicas === 1, TIMEOUT_MS);
  const described = await ns.run('describe', 'hpa', 'web');
  expect(described).toMatch(
    /SuccessfulRescale\s+.*horizontal-pod-autoscaler\s+New size: 2; reason: cpu resource utilization \(percentage of request\) above target/,
  );
  expect(described).toMatch(/New size: 1; reason: All metrics below target/);
  expect(await ns.run('get', 'hpa', 'web')).toMatch(/^web\s+Deployment\/web\s+cpu: \d+%\/60%\s+1\s+2\s+/m);
});

test('a metrics server that is registered takes over, and is missed when it does not answer', { timeout: TIMEOUT_MS }, async () => {
  const apiService = {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: 'v1beta1.metrics.k8s.io' },
    spec: {
      group: 'metrics.k8s.io',
      version: 'v1beta1',
      groupPriorityMinimum: 100,
      versionPriority: 100,
      insecureSkipTLSVerify: true,
      service: { name: 'metrics-server', namespace: ns.namespace },
    },
  };
  await ns.with({ input: JSON.stringify(apiService) }, 'create', '-f', '-');
  try {
    await eventually('it is not available', async () => {
      expect((await ns.fails('top', 'pods')).stderr).toMatch(
        /the server is currently unable to handle the request|Metrics API not available/,
      );
      return true;
    });
    await ns.until<V2HorizontalPodAutoscaler>(
      'the autoscaler says so',
      'hpa/web',
      ({ status }) => status?.conditions?.some(({ type, reason }) => type === 'ScalingActive' && reason === 'FailedGetResourceMetric'),
      60_000,
    );
    const { items } = await ns.json<{ items: Event[] }>(
      'get',
      'events',
      '--field-selector',
      'involvedObject.name=web,reason=FailedGetResourceMetric',
    );
    expect(items.map(({ message }) => message)).toContain(
      'failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server is currently unable to handle the request (get pods.metrics.k8s.io)',
    );
  } finally {
    await ns.run('delete', 'apiservice', 'v1beta1.metrics.k8s.io');
  }
  expect(await ns.run('top', 'pod', 'busy', '--no-headers')).toMatch(/^busy\s/);
  await ns.until<V2HorizontalPodAutoscaler>(
    'the autoscaler goes on',
    'hpa/web',
    ({ status }) => status?.conditions?.some(({ type, status: value }) => type === 'ScalingActive' && value === 'True'),
    60_000,
  );
});

test('both versions of an autoscaler show all of it', async () => {
  const one = await ns.json<{ metadata: { annotations: Record<string, string> }; spec: object }>(
    'get',
    'horizontalpodautoscalers.v1.autoscaling',
    'web',
  );
  expect(one.spec).toMatchObject({ targetCPUUtilizationPercentage: 60 });
  expect(JSON.parse(one.metadata.annotations['autoscaling.alpha.kubernetes.io/behavior'] ?? '')).toMatchObject({
    ScaleDown: { StabilizationWindowSeconds: 0 },
  });
  await ns.run('delete', 'deployment,hpa', 'web');
  const later = {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'later' },
    maxReplicas: 5,
    targetCPUUtilizationPercentage: 70,
  };
  await ns.apply({ apiVersion: 'autoscaling/v1', kind: 'HorizontalPodAutoscaler', metadata: { name: 'later' }, spec: later });
  const { spec } = await ns.json<V2HorizontalPodAutoscaler>('get', 'horizontalpodautoscalers.v2.autoscaling', 'later');
  expect(spec.metrics).toMatchObject([{ type: 'Resource', resource: { name: 'cpu', target: { averageUtilization: 70 } } }]);
});
