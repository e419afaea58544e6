import { afterEach, beforeEach, expect, it } from 'vitest';
import { TRIGGER_TIME } from '../../api/discovery/endpoint-slice.ts';
import { endpointSlices, endpoints, events, nodes, pods, services } from '../../api/index.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { ApiError } from '../../api/meta/status.ts';
import type { Pod } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { endpointsController } from '../endpoints/endpoints.ts';
import { endpointslice } from './endpointslice.ts';

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

it('Endpoints and slices say when what led to their last change happened, and are left alone after that', async () => {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  startControllers([endpointslice(), endpointsController()], { client: cluster.client, clock, signal: stop.signal });
  const now = () => rfc3339(clock.now());
  const pod = (name: string, ip: string, labels: Record<string, string> = { app: 'web' }): Pod => ({
    metadata: { name, namespace: 'n', labels },
    spec: { nodeName: 'a', containers: [] },
    status: { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: now() }] },
  });
  const times = () =>
    [...cluster.all(endpointSlices), ...cluster.all(endpoints)].map(({ metadata }: KubeObject) => metadata?.annotations?.[TRIGGER_TIME]);
  cluster.seed(nodes, { metadata: { name: 'a' } });
  cluster.seed(services, {
    metadata: { name: 'web', namespace: 'n' },
    spec: { clusterIP: '10.43.0.9', ipFamilies: ['IPv4'], selector: { app: 'web' }, ports: [{ port: 80 }] },
  });
  const created = now();
  await clock.advance(5_000);
  expect(times()).toEqual([created, created]);
  cluster.seed(pods, pod('p', '10.42.0.2'));
  const ready = now();
  await clock.advance(5_000);
  expect(times()).toEqual([ready, ready]);
  const writes = cluster.writes.length;
  cluster.seed(pods, pod('other', '10.42.0.3', { app: 'else' }));
  await clock.advance(60_000);
  expect(cluster.writes.length).toBe(writes);
  // Nothing with a time of its own led to this.
  await cluster.client.patch(services, 'web', 'merge', { metadata: { labels: { a: 'b' } } }, { namespace: 'n', signal: stop.signal });
  await clock.advance(5_000);
  expect(times()).toEqual([undefined, undefined]);
});

it('Endpoints and slices that cannot be written are told of, and tried again', async () => {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  let isRefusing = true;
  cluster.intercept = ({ verb, resource }) => {
    if (verb !== 'create' || !resource.startsWith('endpoint')) return;
    if (isRefusing) throw new ApiError('Forbidden', `no ${resource} today`);
  };
  startControllers([endpointslice(), endpointsController()], { client: cluster.client, clock, signal: stop.signal });
  cluster.seed(services, {
    metadata: { name: 'web', namespace: 'n' },
    spec: { clusterIP: '10.43.0.9', ipFamilies: ['IPv4'], selector: { app: 'web' }, ports: [{ port: 80 }] },
  });
  await clock.advance(1_000);
  expect(cluster.all(events).map(({ reason, message, involvedObject }) => [involvedObject.kind, reason, message])).toEqual(
    expect.arrayContaining([
      ['Endpoints', 'FailedToCreateEndpoint', 'Failed to create endpoint for service n/web: no endpoints today'],
      [
        'Service',
        'FailedToUpdateEndpointSlices',
        'Error updating Endpoint Slices for Service n/web: failed to create EndpointSlice for Service n/web: no endpointslices today',
      ],
    ]),
  );
  isRefusing = false;
  await clock.advance(60_000);
  expect(cluster.all(endpointSlices)).toHaveLength(1);
  expect(cluster.all(endpoints)).toHaveLength(1);
});
