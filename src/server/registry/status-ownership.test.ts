import { expect, it } from 'vitest';
import type { KubeObject } from '../../api/meta/object.ts';
import { fakeApi } from '../fake-api.ts';

const names = (object: KubeObject) => Object.keys(object.metadata?.labels ?? {});
const owned = (object: KubeObject) =>
  (object.metadata?.managedFields ?? []).flatMap(({ subresource, fieldsV1 }) =>
    subresource === 'status' ? Object.keys(fieldsV1 as object) : [],
  );

it('a write of the status of a ServiceCIDR leaves its metadata as it was', async () => {
  const api = await fakeApi();
  const id = 'servicecidrs.networking.k8s.io';
  const made = await api.call<KubeObject>('create', id, { body: { metadata: { name: 'r' }, spec: { cidrs: ['10.9.0.0/24'] } } });
  const conditions = [{ type: 'Ready', status: 'True', reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }];
  const body = { ...made, metadata: { ...made.metadata, labels: { a: 'b' } }, status: { conditions } };
  const written = await api.call<KubeObject>('update', id, { name: 'r', subresource: 'status', body });
  expect([names(written), owned(written)]).toEqual([[], ['f:status']]);
});

it('a write of the status of a CustomResourceDefinition may change its metadata, and owns what it changed', async () => {
  const api = await fakeApi();
  const id = 'customresourcedefinitions.apiextensions.k8s.io';
  const schema = { openAPIV3Schema: { type: 'object' } };
  const versions = [{ name: 'v1', served: true, storage: true, schema }];
  const spec = { group: 'x.io', scope: 'Cluster', names: { plural: 'ws', kind: 'W' }, versions };
  const made = await api.call<KubeObject & { status?: object }>('create', id, { body: { metadata: { name: 'ws.x.io' }, spec } });
  const conditions = [{ type: 'Established', status: 'True', reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }];
  const body = { ...made, metadata: { ...made.metadata, labels: { a: 'b' } }, status: { ...made.status, conditions } };
  const written = await api.call<KubeObject>('update', id, { name: 'ws.x.io', subresource: 'status', body });
  expect([names(written), owned(written)]).toEqual([['a'], ['f:metadata', 'f:status']]);
});
