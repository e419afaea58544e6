import { beforeEach, describe, expect, it } from 'vitest';
import { FAKE_REQUEST_DER, requestOf } from '../../api/certificates/fake-request.ts';
import type { CertificateSigningRequest } from '../../api/schema/generated/types.ts';
import { systemClock } from '../../base/clock.ts';
import { type FakeApi, fakeApi } from '../fake-api.ts';
import { issueAuthority, newKeyPem } from '../pki/issue.ts';

const CERTIFICATE = Buffer.from((await issueAuthority('ca', await newKeyPem(), systemClock.now())).certPem).toString('base64');

const pem = (label: string) => Buffer.from(`-----BEGIN ${label}-----\nAA==\n-----END ${label}-----\n`).toString('base64');
const body = (spec: object = {}) => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name: 'jane' },
  spec: { request: requestOf(FAKE_REQUEST_DER), signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'], ...spec },
});
const condition = (type: string, more: object = {}) => ({ type, status: 'True', reason: 'R', ...more });

describe('a CertificateSigningRequest', () => {
  let api: FakeApi;
  beforeEach(async () => {
    api = await fakeApi();
  });
  const id = 'certificatesigningrequests.certificates.k8s.io';
  const create = (spec: object = {}) => api.call<CertificateSigningRequest>('create', id, { body: body(spec) });
  const get = () => api.call<CertificateSigningRequest>('get', id, { name: 'jane' });
  const update = async (subresource: string, status: object) => {
    const { status: _, ...stored } = await get();
    return api.call<CertificateSigningRequest>('update', id, { name: 'jane', subresource, body: { ...stored, status } });
  };

  it.each([
    [{ usages: ['flying'] }, /spec\.usages\[0\]: Unsupported value: "flying": supported values: "any", "cert sign"/],
    [{ usages: ['client auth', 'client auth'] }, /spec\.usages\[1\]: Duplicate value: "client auth"/],
    [{ usages: [] }, /spec\.usages: Required value/],
    [{ signerName: 'kubernetes.io/legacy-unknown' }, /spec\.signerName: .*the legacy signerName is not allowed via this API version/],
    [{ expirationSeconds: 599 }, /may not specify a duration less than 600 seconds \(10 minutes\)/],
    [{ request: pem('CERTIFICATE') }, /PEM block type must be CERTIFICATE REQUEST/],
  ])('with %j is refused', async (spec, message) => {
    await expect(create(spec)).rejects.toMatchObject({ code: 422, message: expect.stringMatching(message) });
  });

  it('has no owners of its request, and each of its decision and its certificate by the subresource for it', async () => {
    const metadata = { name: 'jane', labels: { a: 'b' } };
    const created = await api.call<CertificateSigningRequest>('create', id, { body: { ...body(), metadata } });
    expect(created.metadata?.managedFields?.map(({ fieldsV1 }) => fieldsV1)).toEqual([
      { 'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } } },
    ]);
    const approved = await update('approval', { conditions: [condition('Approved')] });
    const issued = await update('status', { ...approved.status, certificate: CERTIFICATE });
    expect(issued.metadata?.managedFields?.slice(1)).toMatchObject([
      { subresource: 'approval', fieldsV1: { 'f:status': { 'f:conditions': { 'k:{"type":"Approved"}': {} } } } },
      { subresource: 'status', fieldsV1: { 'f:status': { 'f:certificate': {} } } },
    ]);
  });

  it('is decided once, by approval alone', async () => {
    await create();
    await expect(update('status', { conditions: [condition('Approved')] })).rejects.toThrow(
      'status.conditions: Forbidden: updates may not add a condition of type "Approved"',
    );
    const approved = await update('approval', { conditions: [condition('Approved')] });
    expect(approved.status?.conditions).toMatchObject([{ type: 'Approved', status: 'True' }]);
    await expect(update('approval', { conditions: [] })).rejects.toThrow('updates may not remove a condition of type "Approved"');
    const kept = approved.status?.conditions ?? [];
    await expect(update('approval', { conditions: [...kept, condition('Denied')] })).rejects.toThrow(
      'status.conditions: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
    );
    await expect(update('approval', { conditions: [...kept, condition('Mine', { status: 'Maybe' })] })).rejects.toThrow(
      'status.conditions[1].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"',
    );
    await expect(update('approval', { conditions: [condition('Denied', { status: 'False' })] })).rejects.toThrow(
      'status.conditions[0].status: Unsupported value: "False": supported values: "True"',
    );
  });

  it('is read, listed, patched, replaced, decided and issued, and deleted alone and by the collection', async () => {
    const labelled = (name: string) => ({ ...body({ expirationSeconds: 3600 }), metadata: { name, labels: { tried: 'yes' } } });
    for (const name of ['jane', 'joe', 'jim']) await api.call('create', id, { body: labelled(name) });
    const options = { labelSelector: 'tried=yes' };
    const names = async () => (await api.list(id, { options })).items.map(({ metadata }) => metadata?.name);
    const made = await get();
    expect([made.spec.expirationSeconds, await names()]).toEqual([3600, ['jane', 'jim', 'joe']]);
    const patch = (subresource: string | undefined, annotation: string, more: object = {}) => {
      const change = { metadata: { annotations: { [annotation]: 'true' } }, ...more };
      const request = { name: 'jane', patchType: 'merge', body: change, ...(subresource && { subresource }) } as const;
      return api.call<CertificateSigningRequest>('patch', id, request);
    };
    const patched = await patch(undefined, 'patched');
    expect(Number(patched.metadata?.resourceVersion)).toBeGreaterThan(Number(made.metadata?.resourceVersion));
    const metadata = { ...patched.metadata, annotations: { updated: 'true' } };
    const replaced = await api.call<CertificateSigningRequest>('update', id, { name: 'jane', body: { ...patched, metadata } });
    expect(replaced.metadata?.annotations).toEqual({ updated: 'true' });
    for (const subresource of ['approval', 'status']) {
      expect(await api.call('get', id, { name: 'jane', subresource })).toMatchObject({
        kind: made.kind,
        metadata: { uid: made.metadata?.uid },
      });
    }
    const decided = await patch('approval', 'decided', { status: { conditions: [condition('Tried')] } });
    expect(decided).toMatchObject({ metadata: { annotations: { decided: 'true' } }, status: { conditions: [{ type: 'Tried' }] } });
    const approved = await update('approval', { conditions: [...(decided.status?.conditions ?? []), condition('Approved')] });
    expect(approved.status?.conditions).toMatchObject([{ type: 'Tried' }, { type: 'Approved' }]);
    const issued = await patch('status', 'issued', { status: { certificate: CERTIFICATE } });
    expect(issued).toMatchObject({ metadata: { annotations: { issued: 'true' } }, status: { certificate: CERTIFICATE } });
    const told = await update('status', { ...issued.status, conditions: [...(issued.status?.conditions ?? []), condition('Told')] });
    expect(told.status?.conditions?.map(({ type }) => type)).toEqual(['Tried', 'Approved', 'Told']);
    await api.call('delete', id, { name: 'jane' });
    expect(await names()).toEqual(['jim', 'joe']);
    await api.call('deletecollection', id, { options });
    expect(await names()).toEqual([]);
  });

  it('may be given another reason later, by approval', async () => {
    await create();
    await update('approval', { conditions: [condition('Approved')] });
    const { status } = await update('approval', { conditions: [condition('Approved', { reason: 'other' })] });
    expect(status?.conditions).toMatchObject([{ type: 'Approved', reason: 'other' }]);
  });

  it('takes metadata along with its decision, which an apply owns then', async () => {
    await create();
    const { metadata } = await get();
    const sent = { ...body(), metadata: { ...metadata, labels: { a: 'b' } }, status: { conditions: [condition('Approved')] } };
    await api.call('update', id, { name: 'jane', subresource: 'approval', body: sent });
    const applied = {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: 'jane', annotations: { c: 'd' } },
    };
    const options = { patchType: 'apply', options: { fieldManager: 'me' } } as const;
    await api.call('patch', id, { name: 'jane', subresource: 'approval', body: applied, ...options });
    const after = await get();
    expect(after.metadata).toMatchObject({ labels: { a: 'b' }, annotations: { c: 'd' } });
    const owned = after.metadata?.managedFields?.find(({ manager }) => manager === 'me');
    expect(owned).toMatchObject({ subresource: 'approval', fieldsV1: { 'f:metadata': { 'f:annotations': { 'f:c': {} } } } });
    expect(after.status?.conditions).toMatchObject([{ type: 'Approved' }]);
  });

  it('gets one certificate, by status alone', async () => {
    await create();
    const { status } = await update('approval', { conditions: [condition('Approved')], certificate: CERTIFICATE });
    expect(status?.certificate).toBeUndefined();
    await expect(update('status', { ...status, certificate: pem('PRIVATE KEY') })).rejects.toThrow(
      'only CERTIFICATE PEM blocks are allowed, found "PRIVATE KEY"',
    );
    const headed = Buffer.from('-----BEGIN CERTIFICATE-----\nA: b\n\nAA==\n-----END CERTIFICATE-----\n').toString('base64');
    await expect(update('status', { ...status, certificate: headed })).rejects.toThrow('no PEM block headers are permitted');
    await expect(update('status', { ...status, certificate: pem('CERTIFICATE') })).rejects.toThrow(
      'status.certificate: Invalid value: "<certificate data>": x509: malformed certificate',
    );
    const issued = await update('status', { ...status, certificate: CERTIFICATE });
    expect(issued.status?.certificate).toBe(CERTIFICATE);
    const twice = Buffer.from(Buffer.from(CERTIFICATE, 'base64').toString().repeat(2)).toString('base64');
    await expect(update('status', { ...issued.status, certificate: twice })).rejects.toThrow(
      'status.certificate: Forbidden: updates may not modify existing certificate content',
    );
  });

  it('keeps its decision when its status is written, whatever is said of it', async () => {
    await create();
    const { status } = await update('approval', { conditions: [condition('Approved', { message: 'yes' })] });
    const written = await update('status', { conditions: [condition('Mine'), condition('Approved', { message: 'no', status: 'False' })] });
    expect(written.status?.conditions).toMatchObject([{ type: 'Mine' }, status?.conditions?.[0] ?? {}]);
  });

  it('shows no conditions when it has none', async () => {
    await create();
    expect((await update('approval', { conditions: [] })).status).toEqual({});
  });

  it('does not change in what it asks for', async () => {
    await create();
    const stored = await get();
    const changed = { ...stored, spec: { ...stored.spec, usages: ['server auth'] } };
    const answer = await api.call<CertificateSigningRequest>('update', id, { name: 'jane', body: changed });
    expect(answer.spec.usages).toEqual(['client auth']);
  });
});
