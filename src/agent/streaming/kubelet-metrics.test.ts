import { expect, test } from 'vitest';
import type { Pod } from '../../api/schema/generated/types.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { selfSigned } from '../join/fake-signer.ts';
import type { VolumePlugins } from '../pods/disk-storage.ts';
import { createKubeletMetrics } from './kubelet-metrics.ts';
import type { PodDirectory } from './pod-directory.ts';

const running: Pod = {
  status: {
    phase: 'Running',
    containerStatuses: [
      { name: 'a', image: '', imageID: '', ready: true, restartCount: 0, state: { running: {} } },
      { name: 'b', image: '', imageID: '', ready: false, restartCount: 0, state: { waiting: {} } },
    ],
  },
};
const directory = { pods: () => [running, { status: { phase: 'Pending' } }] } as unknown as PodDirectory;

test('the page tells of the node, its pods, and what was observed', async () => {
  const clock = fakeClock();
  const metrics = createKubeletMetrics({ nodeName: 'node-a', version: 'v1.36.0+minik', clock });
  metrics.runtimeOperation('start_container', 0.01, false);
  metrics.runtimeOperation('start_container', 0.02, true);
  metrics.podStarted(2.5);
  metrics.startupSeen({ total: 7.5, sli: 2.5 });
  metrics.startupSeen({ total: 9, sli: undefined });
  metrics.workerStarted(0.02);
  metrics.relisted(0.2);
  await clock.advance(30_000);
  metrics.relisted(0.2);
  const lines = (await metrics.page(directory)).split('\n');
  for (const line of [
    'kubelet_node_name{node="node-a"} 1',
    `kubernetes_build_info{major="1",minor="36",git_version="v1.36.0+minik",platform="${process.platform}/${process.arch}"} 1`,
    'kubelet_running_pods 1',
    'kubelet_running_containers{container_state="running"} 1',
    'kubelet_running_containers{container_state="waiting"} 1',
    'kubelet_runtime_operations_total{operation_type="start_container"} 2',
    'kubelet_runtime_operations_errors_total{operation_type="start_container"} 1',
    'kubelet_runtime_operations_duration_seconds_bucket{le="0.0125",operation_type="start_container"} 1',
    'kubelet_pod_start_duration_seconds_bucket{le="2"} 0',
    'kubelet_pod_start_duration_seconds_bucket{le="3"} 1',
    'kubelet_pod_start_total_duration_seconds_bucket{le="8"} 1',
    'kubelet_pod_start_total_duration_seconds_count 2',
    'kubelet_pod_start_sli_duration_seconds_sum 2.5',
    'kubelet_pod_start_sli_duration_seconds_count 1',
    'kubelet_pod_worker_start_duration_seconds_bucket{le="0.025"} 1',
    'kubelet_pleg_relist_duration_seconds_count 2',
    'kubelet_pleg_relist_interval_seconds_count 1',
    'kubelet_pleg_relist_interval_seconds_sum 30',
    `kubelet_pleg_last_seen_seconds ${clock.now() / 1000}`,
  ])
    expect(lines).toContain(line);
  expect(lines.some((line) => /^process_cpu_seconds_total [\d.]+$/.test(line))).toBe(true);
});

test('requests are counted by how they ended', async () => {
  const metrics = createKubeletMetrics({ nodeName: 'node-a', version: 'v1.36.0', clock: fakeClock() });
  expect(await metrics.page(directory)).not.toContain('rest_client');
  const about = { method: 'GET', host: 'server:6443' };
  metrics.requests((tell) => {
    tell({ ...about, code: 200, seconds: 0.02 });
    tell({ ...about, code: undefined, seconds: 30 });
    tell({ ...about, code: 200, seconds: undefined });
  });
  const text = await metrics.page(directory);
  expect(text).toContain('rest_client_requests_total{code="200",method="GET",host="server:6443"} 2\n');
  expect(text).toContain('rest_client_requests_total{code="<error>",method="GET",host="server:6443"} 1\n');
  expect(text).toContain('rest_client_request_duration_seconds_bucket{le="0.025",verb="GET",host="server:6443"} 1\n');
  expect(text).toContain('rest_client_request_duration_seconds_count{verb="GET",host="server:6443"} 2\n');
});

test('volumes are counted by who makes them ready, and how long that took', async () => {
  const metrics = createKubeletMetrics({ nodeName: 'node-a', version: 'v1.36.0', clock: fakeClock() });
  let plugins: VolumePlugins = { mounted: ['configmap', 'configmap'], wanted: ['configmap', 'configmap', undefined] };
  metrics.volumes(() => plugins);
  metrics.volumeMounted('configmap', 0.2, false);
  metrics.volumeMounted('host-path', 0.2, true);
  const text = await metrics.page(directory);
  for (const line of [
    'volume_manager_total_volumes{plugin_name="kubernetes.io/configmap",state="actual_state_of_world"} 2',
    'volume_manager_total_volumes{plugin_name="kubernetes.io/configmap",state="desired_state_of_world"} 2',
    'volume_manager_total_volumes{plugin_name="N/A",state="desired_state_of_world"} 1',
    'storage_operation_duration_seconds_bucket{le="0.25",operation_name="volume_mount",migrated="false",volume_plugin="kubernetes.io/configmap",status="success"} 1',
    'storage_operation_duration_seconds_count{operation_name="volume_mount",migrated="false",volume_plugin="kubernetes.io/host-path",status="fail-unknown"} 1',
  ])
    expect(text).toContain(`${line}\n`);
  plugins = { mounted: [], wanted: [] };
  expect(await metrics.page(directory)).not.toContain('volume_manager_total_volumes{');
});

test('certificates are shown with the life that they have left, and how often they could not be renewed', async () => {
  const clock = fakeClock();
  const metrics = createKubeletMetrics({ nodeName: 'node-a', version: 'v1.36.0', clock });
  const cert = await selfSigned('a');
  let current: { cert: string } | undefined;
  metrics.certificate('serving', { current: () => current, failures: () => 3 });
  expect(await metrics.page(directory)).toContain('kubelet_certificate_manager_server_ttl_seconds +Inf\n');
  current = { cert };
  await clock.advance(10_000);
  const text = await metrics.page(directory);
  const left = (Date.UTC(2056, 0, 1) - clock.now()) / 1000;
  expect(text).toContain(`kubelet_certificate_manager_server_ttl_seconds ${left}\n`);
  expect(text).toContain('kubelet_server_expiration_renew_errors 3\n');
  expect(text).not.toContain('kubelet_certificate_manager_client');
});

test('its health is on a page of its own', async () => {
  const metrics = createKubeletMetrics({ nodeName: 'node-a', version: 'v1.36.0', clock: fakeClock() });
  const text = await metrics.slis();
  expect(text).toContain('kubernetes_healthcheck{name="ping",type="healthz"} 1\n');
  expect(text).toMatch(/^process_start_time_seconds \d/m);
});
