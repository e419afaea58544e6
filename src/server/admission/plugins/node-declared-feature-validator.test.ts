import { beforeEach, describe, expect, it } from 'vitest';
import { type FakeApi, fakeApi } from '../../fake-api.ts';

const at = { namespace: 'n' };
const [POD_LEVEL, INIT] = ['InPlacePodLevelResourcesVerticalScaling', 'InPlacePodVerticalScalingInitContainers'];
let api: FakeApi;
const make = (id: string, body: object, where: object = at) => api.call('create', id, { ...where, body });
const amounts = (cpu: string) => ({ requests: { cpu } });
const pod = (nodeName: string | undefined) => ({
  metadata: { name: 'p' },
  spec: {
    nodeName,
    resources: amounts('1'),
    initContainers: [
      { name: 'i', image: 'x', resources: amounts('500m') },
      { name: 's', image: 'x', restartPolicy: 'Always', resources: amounts('100m') },
    ],
    containers: [{ name: 'c', image: 'x', resources: amounts('500m') }],
  },
});
const resize = (spec: object) =>
  api.call('patch', 'pods', { ...at, name: 'p', subresource: 'resize', patchType: 'strategic', body: { spec } });

beforeEach(async () => {
  api = await fakeApi({ admission: undefined });
  await make('namespaces', { metadata: { name: 'n' } }, {});
  await make('serviceaccounts', { metadata: { name: 'default' } });
  const allocatable = { cpu: '8', memory: '8Gi', pods: '10' };
  await make('nodes', { metadata: { name: 'old' }, status: { allocatable } }, {});
  await make('nodes', { metadata: { name: 'new' }, status: { allocatable, declaredFeatures: [POD_LEVEL, INIT] } }, {});
});

describe('a resize that not every node knows of', () => {
  const whole = { resources: amounts('2') };
  const first = { initContainers: [{ name: 'i', resources: amounts('600m') }] };

  it.each([
    [whole, POD_LEVEL],
    [first, INIT],
    [{ ...whole, ...first }, `${POD_LEVEL}, ${INIT}`],
  ])('of %j is refused on a node that does not declare it', async (spec, features) => {
    await make('pods', pod('old'));
    await expect(resize(spec)).rejects.toMatchObject({
      reason: 'Forbidden',
      message: `pods "p" is forbidden: pod update requires features ${features} which are not available on node "old"`,
    });
  });

  it.each(['new', undefined])('is done on a node that declares it, and before the pod has a node (%s)', async (nodeName) => {
    await make('pods', pod(nodeName));
    expect(await resize({ ...whole, ...first })).toMatchObject({ spec: whole });
  });

  it('is refused on a node that is not there', async () => {
    await make('pods', pod('gone'));
    await expect(resize(whole)).rejects.toMatchObject({ message: 'pods "p" is forbidden: node "gone" not found' });
  });
});

it('containers and sidecars are resized on every node', async () => {
  await make('pods', pod('old'));
  const spec = {
    initContainers: [{ name: 's', resources: amounts('200m') }],
    containers: [{ name: 'c', resources: amounts('600m') }],
  };
  expect(await resize(spec)).toMatchObject({ spec: { containers: spec.containers } });
});
