import { expect, it } from 'vitest';
import type { KubeObject } from '../../api/meta/object.ts';
import { fakeReader } from '../fake-reader.ts';
import { podResourceMetrics } from './pod-resource-metrics.ts';

const pod = (name: string, spec: object, phase = 'Running') =>
  ({ metadata: { namespace: 'default', name }, spec: { schedulerName: 'default-scheduler', ...spec }, status: { phase } }) as KubeObject;
const asking = (requests: object, limits = {}) => ({ containers: [{ name: 'c', resources: { requests, limits } }] });

it('tells what pods that are not over ask for and may use', async () => {
  const objects = fakeReader({
    pods: [
      pod('a', {
        nodeName: 'n',
        priority: 7,
        ...asking({ cpu: '250m', memory: '1Ki', 'example.com/gpu': '0' }, { cpu: '1', 'hugepages-2Mi': '2Mi' }),
      }),
      pod('waits', asking({ cpu: '1' }), 'Pending'),
      pod('over', { nodeName: 'n', ...asking({ cpu: '9' }) }, 'Succeeded'),
    ],
  });
  const { text } = await podResourceMetrics(objects)();
  const labels = (name: string, node: string, priority: string) =>
    `namespace="default",pod="${name}",node="${node}",scheduler="default-scheduler",priority="${priority}"`;
  expect(text.split('\n').filter((line) => line.startsWith('kube_'))).toEqual([
    `kube_pod_resource_request{${labels('a', 'n', '7')},resource="cpu",unit="cores"} 0.25`,
    `kube_pod_resource_request{${labels('a', 'n', '7')},resource="memory",unit="bytes"} 1024`,
    `kube_pod_resource_request{${labels('waits', '', '')},resource="cpu",unit="cores"} 1`,
    `kube_pod_resource_limit{${labels('a', 'n', '7')},resource="cpu",unit="cores"} 1`,
    `kube_pod_resource_limit{${labels('a', 'n', '7')},resource="hugepages-2Mi",unit="bytes"} 2097152`,
  ]);
});
