import { expect, it } from 'vitest';
import type { ResourceV1ResourceClaim } from '../../../api/schema/generated/types.ts';
import { fakeApi } from '../../fake-api.ts';

const GPU = 'example.com/gpu';
const CLAIMS = 'resourceclaims.resource.k8s.io';
const CLASSES = 'deviceclasses.resource.k8s.io';

it('a quota for an extended resource holds for pods and claims, and not twice for a pod and the claim that was made for it', async () => {
  const api = await fakeApi({ admission: undefined });
  const namespace = 'n';
  const pod = (name: string) => ({
    metadata: { name },
    spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { [GPU]: '1' }, limits: { [GPU]: '1' } } }] },
  });
  const claim = (name: string, metadata: object = {}) => ({
    metadata: { name, ...metadata },
    spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu' } }] } },
  });
  const create = (resource: string, body: object) => api.call<ResourceV1ResourceClaim>('create', resource, { namespace, body });
  const refused = (used: number) => ({
    code: 403,
    message: expect.stringContaining(
      `exceeded quota: q, requested: requests.${GPU}=1, used: requests.${GPU}=${used}, limited: requests.${GPU}=2`,
    ),
  });

  await api.call('create', 'namespaces', { body: { metadata: { name: namespace } } });
  await create('serviceaccounts', { metadata: { name: 'default' } });
  await create('resourcequotas', { metadata: { name: 'q' }, spec: { hard: { [`requests.${GPU}`]: '2' } } });
  await create(CLAIMS, claim('before-the-class'));
  const { metadata } = await create('pods', pod('p'));
  await api.call('create', CLASSES, { body: { metadata: { name: 'gpu' }, spec: { extendedResourceName: GPU } } });
  await expect(create('pods', pod('q'))).rejects.toMatchObject(refused(2));

  const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: metadata?.uid, controller: true }];
  await create(CLAIMS, claim('special', { ownerReferences, annotations: { 'resource.kubernetes.io/extended-resource-claim': 'true' } }));
  await expect(create(CLAIMS, claim('another'))).rejects.toMatchObject(refused(2));

  await api.call('delete', CLAIMS, { namespace, name: 'before-the-class' });
  const status = {
    extendedResourceClaimStatus: {
      resourceClaimName: 'special',
      requestMappings: [{ containerName: 'c', resourceName: GPU, requestName: 'r' }],
    },
  };
  await api.call('patch', 'pods', { namespace, name: 'p', subresource: 'status', patchType: 'merge', body: { status } });
  await api.call('delete', 'pods', { namespace, name: 'p', body: { gracePeriodSeconds: 0 } });
  await create(CLAIMS, claim('another'));
  await expect(create('pods', pod('q'))).rejects.toMatchObject(refused(2));
});
