import { afterEach, expect, it } from 'vitest';
import { isNotFound } from '../../../api/meta/status.ts';
import type { CustomResourceDefinition } from '../../../api/schema/generated/types.ts';
import type { Verb } from '../../../api/transport.ts';
import { cronTabs } from '../../crd/fake-crds.ts';
import { fakeApi } from '../../fake-api.ts';

const CRDS = 'customresourcedefinitions.apiextensions.k8s.io';
const stop = new AbortController();
let running: Promise<unknown> = Promise.resolve();
afterEach(async () => {
  stop.abort();
  await running;
});

it('custom resources are counted while their kind is served, before and after it went', async () => {
  const api = await fakeApi({ admission: undefined });
  const ready = Promise.withResolvers<void>();
  running = api.customResources.run({ signal: stop.signal, ready: ready.resolve });
  await ready.promise;
  const crd = () => api.call<CustomResourceDefinition>('get', CRDS, { name: 'crontabs.stable.example.com' });
  const until = async (check: () => Promise<boolean>) => {
    for (let tries = 0; tries < 300; tries += 1) {
      if (await check()) return;
      await new Promise((resolve) => setImmediate(resolve));
      void api.clock.advance(100);
    }
    throw new Error('it did not become true');
  };
  const serve = async () => {
    await api.call('create', CRDS, { body: cronTabs() });
    await until(
      async () => (await crd()).status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ?? false,
    );
  };
  const send = (verb: Verb, name: string) => {
    const body = {
      apiVersion: 'stable.example.com/v1',
      kind: 'CronTab',
      metadata: { name },
      spec: { cronSpec: '* * * * */5', image: 'i' },
    };
    const request = { verb, group: 'stable.example.com', version: 'v1', resource: 'crontabs', namespace: 'n' };
    const rest = verb === 'create' ? { body } : { name };
    return api.transport.request({ ...request, ...rest }, { signal: stop.signal });
  };
  const REFUSED = { code: 403, message: expect.stringContaining('requested: count/crontabs.stable.example.com=1') };

  await api.call('create', 'namespaces', { body: { metadata: { name: 'n' } } });
  const hard = { 'count/crontabs.stable.example.com': '1', configmaps: '9' };
  await api.call('create', 'resourcequotas', { namespace: 'n', body: { metadata: { name: 'q' }, spec: { hard } } });
  await api.call('create', 'configmaps', { namespace: 'n', body: { metadata: { name: 'opens-the-ledger' } } });
  for (const round of ['first', 'second']) {
    await serve();
    await send('create', 'a');
    await expect(send('create', 'b'), round).rejects.toMatchObject(REFUSED);
    await send('delete', 'a');
    await send('create', 'b');
    await expect(send('create', 'a'), round).rejects.toMatchObject(REFUSED);
    await api.call('delete', CRDS, { name: 'crontabs.stable.example.com' });
    await until(() => crd().then(() => false, isNotFound));
  }
});
