import { beforeEach, describe, expect, it } from 'vitest';
import type { Pod } from '../../../api/schema/generated/types.ts';
import { type FakeApi, fakeApi } from '../../fake-api.ts';

const at = { namespace: 'n' };
let api: FakeApi;
const make = (id: string, body: object, where: object = at) => api.call('create', id, { ...where, body });
const pod = (name: string, more: object) =>
  make('pods', {
    metadata: { name },
    spec: { containers: [{ name: 'c', image: 'x', resources: { requests: { cpu: '1', memory: '1Gi' } } }], ...more },
  });
const resize = (name: string, requests: object) =>
  api.call<Pod>('patch', 'pods', {
    ...at,
    name,
    subresource: 'resize',
    patchType: 'strategic',
    body: { spec: { containers: [{ name: 'c', resources: { requests } }] } },
  });

beforeEach(async () => {
  api = await fakeApi({ admission: undefined });
  await make('namespaces', { metadata: { name: 'n' } }, {});
  await make('serviceaccounts', { metadata: { name: 'default' } });
  const allocatable = { cpu: '2', memory: '4Gi', pods: '10' };
  await make('nodes', { metadata: { name: 'small' }, status: { allocatable } }, {});
  await make('nodes', { metadata: { name: 'other', labels: { 'kubernetes.io/os': 'windows' } }, status: { allocatable } }, {});
});

describe('a resize', () => {
  it('is refused when the node could never hold the pod', async () => {
    await pod('p', { nodeName: 'small' });
    await expect(resize('p', { cpu: '2500m', memory: '5Gi' })).rejects.toMatchObject({
      reason: 'Forbidden',
      message:
        'pods "p" is forbidden: node didn\'t have enough allocatable resources: ' +
        'cpu, requested: 2500, allocatable: 2000; memory, requested: 5368709120, allocatable: 4294967296',
      details: { causes: [{ reason: 'NodeCapacity' }] },
    });
    expect((await resize('p', { cpu: '2' })).spec?.containers[0]?.resources?.requests).toEqual({ cpu: '2', memory: '1Gi' });
  });

  it('is refused on a node of another system, and on one that is not there', async () => {
    await pod('p', { nodeName: 'other' });
    await expect(resize('p', { cpu: '2' })).rejects.toMatchObject({
      message: 'pods "p" is forbidden: pod resize is only supported on linux nodes, node "other" is "windows"',
      details: { causes: [{ reason: 'UnsupportedPlatform' }] },
    });
    await pod('lost', { nodeName: 'gone' });
    await expect(resize('lost', { cpu: '2' })).rejects.toThrow('pods "lost" is forbidden: node "gone" not found');
  });

  it("is nobody else's matter while the pod has no node, or when it changes nothing", async () => {
    await pod('p', {});
    expect((await resize('p', { cpu: '9' })).metadata?.generation).toBe(2);
    await pod('bound', { nodeName: 'gone' });
    expect((await resize('bound', { cpu: '1' })).metadata?.generation).toBe(1);
  });
});
