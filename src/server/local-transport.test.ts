import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { fakeApi } from './fake-api.ts';
import { clientMetrics } from './metrics/client-metrics.ts';

it('counts what clients in process ask for, by method and outcome', async () => {
  const shown = new Registry();
  const api = await fakeApi({ observeLocal: clientMetrics(shown) });
  const at = { namespace: 'default' };
  await api.call('create', 'configmaps', { ...at, body: { metadata: { name: 'a' } } });
  await api.call('get', 'configmaps', { ...at, name: 'a' });
  await expect(api.call('get', 'configmaps', { ...at, name: 'b' })).rejects.toThrow('not found');
  const ending = new AbortController();
  const watch = { verb: 'watch', group: '', version: 'v1', resource: 'configmaps', options: {} } as const;
  for await (const event of api.localTransport({ name: 'admin', groups: ['system:masters'] }).watch(watch, { signal: ending.signal })) {
    expect(event.type).toBe('ADDED');
    ending.abort();
  }
  const text = await shown.metrics();
  for (const line of [
    'rest_client_requests_total{code="201",method="POST",host="in-process"} 1',
    'rest_client_requests_total{code="200",method="GET",host="in-process"} 2',
    'rest_client_requests_total{code="404",method="GET",host="in-process"} 1',
    'rest_client_request_duration_seconds_count{verb="GET",host="in-process"} 3',
  ]) {
    expect(text).toContain(`${line}\n`);
  }
  expect(text, 'nothing was put').not.toContain('"PUT"');
});
