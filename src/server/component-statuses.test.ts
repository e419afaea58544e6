import { expect, it } from 'vitest';
import { componentStatuses } from './component-statuses.ts';
import { fakeApi } from './fake-api.ts';

it('the parts of the control plane are well or not, one by one and in a list', async () => {
  let broken = false;
  const check = () => {
    if (broken) throw new Error('no answer');
  };
  const virtual = {
    componentstatuses: componentStatuses([
      { name: 'scheduler', check() {} },
      { name: 'etcd-0', check },
    ]),
  };
  const api = await fakeApi({ virtual });
  const ok = { type: 'Healthy', status: 'True', message: 'ok' };
  expect(await api.list('componentstatuses')).toMatchObject({
    kind: 'ComponentStatusList',
    items: [
      { metadata: { name: 'scheduler' }, conditions: [ok] },
      { metadata: { name: 'etcd-0' }, conditions: [ok] },
    ],
  });
  broken = true;
  expect(await api.call('get', 'componentstatuses', { name: 'etcd-0' })).toMatchObject({
    kind: 'ComponentStatus',
    conditions: [{ type: 'Healthy', status: 'False', message: 'no answer' }],
  });
  await expect(api.call('get', 'componentstatuses', { name: 'x' })).rejects.toMatchObject({ message: 'componentstatus "x" not found' });
  for (const [options, names] of [
    [{ labelSelector: 'a=b' }, []],
    [{ labelSelector: '!a', fieldSelector: 'metadata.name!=scheduler' }, ['etcd-0']],
  ] as const) {
    const { items } = await api.list('componentstatuses', { options });
    expect(items.map(({ metadata }) => metadata?.name)).toEqual(names);
  }
});
