import { describe, expect, it } from 'vitest';
import type { CertificateSigningRequest, Node } from '../../api/schema/generated/types.ts';
import { approvalRules, expiresAtMs, type RequestFacts, SIGNERS, signerObjection } from './csr-plan.ts';

const facts = (change: Partial<RequestFacts> = {}): RequestFacts => ({
  commonName: 'system:node:a',
  organizations: ['system:nodes'],
  dnsNames: [],
  ipAddresses: [],
  emailAddresses: [],
  uris: [],
  signatureValid: true,
  ...change,
});
const request = (signerName: string, usages: string[], who: { username?: string; groups?: string[] } = {}): CertificateSigningRequest => ({
  metadata: { name: 'r', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { request: '', signerName, usages, ...who },
});
const client = ['digital signature', 'client auth'];
const serving = ['digital signature', 'server auth'];
const asNode = { username: 'system:node:a', groups: ['system:nodes'] };
const asToken = { username: 'system:bootstrap:abcdef', groups: ['system:bootstrappers'] };
const node: Node = { metadata: { name: 'a' }, status: { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }] } };

describe('approving a request', () => {
  const subresources = (csr: CertificateSigningRequest, f = facts(), n?: Node) => approvalRules(csr, f, n).map((rule) => rule.subresource);

  it('asks for the right to a node’s client certificate, or to one’s own', () => {
    const kubelet = (who: object) => subresources(request(SIGNERS.kubeletClient, client, who));
    expect(kubelet(asToken)).toEqual(['nodeclient']);
    expect(kubelet(asNode)).toEqual(['selfnodeclient', 'nodeclient']);
    expect(kubelet({ ...asNode, username: 'system:node:b' })).toEqual(['nodeclient']);
  });

  it('lets a node have a serving certificate for what its Node object says, and no other', () => {
    const ask = (f: Partial<RequestFacts>, n: Node | undefined = node) =>
      approvalRules(request(SIGNERS.kubeletServing, serving, asNode), facts(f), n);
    expect(ask({ dnsNames: ['a'], ipAddresses: ['10.0.0.1'] })).toHaveLength(1);
    expect(ask({ ipAddresses: ['10.0.0.2'] })).toEqual([]);
    expect(approvalRules(request(SIGNERS.kubeletServing, serving, asNode), facts({ dnsNames: ['a'] }), undefined)).toEqual([]);
    expect(approvalRules(request(SIGNERS.kubeletServing, serving, { ...asNode, groups: [] }), facts({ dnsNames: ['a'] }), node)).toEqual(
      [],
    );
  });

  it('leaves user certificates to a person', () => {
    expect(subresources(request(SIGNERS.client, client, asToken), facts({ commonName: 'jane' }))).toEqual([]);
  });
});

describe('signing a request', () => {
  it.each([
    [SIGNERS.kubeletClient, client, { commonName: 'system:masters' }, 'subject common name does not begin with system:node:'],
    [SIGNERS.kubeletClient, client, { organizations: ['system:masters'] }, 'subject organization is not system:nodes'],
    [SIGNERS.kubeletClient, client, { dnsNames: ['x'] }, 'DNS subjectAltNames are not allowed'],
    [SIGNERS.kubeletClient, client, { uris: ['x'] }, 'URI subjectAltNames are not allowed'],
    [SIGNERS.kubeletClient, serving, {}, 'usages did not match [client auth digital signature key encipherment]'],
    [SIGNERS.kubeletServing, serving, {}, 'DNS or IP subjectAltName is required'],
    [SIGNERS.kubeletServing, serving, { ipAddresses: ['1.2.3.4'], emailAddresses: ['x'] }, 'Email subjectAltNames are not allowed'],
    [SIGNERS.client, ['server auth'], {}, 'invalid usage for client certificate: server auth'],
    [SIGNERS.client, ['digital signature'], {}, 'missing required usage for client certificate: client auth'],
    [SIGNERS.client, client, { signatureValid: false }, 'the request is not signed by the key that it carries'],
    [SIGNERS.client, client, { commonName: 'jane' }, undefined],
    [SIGNERS.kubeletClient, client, {}, undefined],
    [SIGNERS.kubeletServing, [...serving, 'key encipherment'], { dnsNames: ['a'] }, undefined],
  ])('%s of %j for %j: %s', (signer, usages, f, objection) => {
    expect(signerObjection(request(signer, usages), facts(f))).toBe(objection);
  });
});

it('keeps undecided requests for a day and decided ones for an hour', () => {
  const pending = request(SIGNERS.client, client);
  expect(expiresAtMs(pending)).toBe(Date.UTC(2026, 0, 2));
  const denied = { ...pending, status: { conditions: [{ type: 'Denied', status: 'True', lastUpdateTime: '2026-01-01T02:00:00Z' }] } };
  expect(expiresAtMs(denied)).toBe(Date.UTC(2026, 0, 1, 3));
  const approved = { type: 'Approved', status: 'True', lastUpdateTime: '2026-01-01T02:00:00Z' };
  const failed = { type: 'Failed', status: 'True', lastUpdateTime: '2026-01-01T04:00:00Z' };
  expect(expiresAtMs({ ...pending, status: { conditions: [approved] } })).toBe(Date.UTC(2026, 0, 2, 2));
  expect(expiresAtMs({ ...pending, status: { conditions: [approved], certificate: 'x' } })).toBe(Date.UTC(2026, 0, 1, 3));
  expect(expiresAtMs({ ...pending, status: { conditions: [approved, failed] } })).toBe(Date.UTC(2026, 0, 1, 5));
});

it('of several objections to a serving certificate upstream names the group, the names, the usages and the common name, in this order', () => {
  const csr = (usages: string[]) => ({ spec: { request: '', signerName: SIGNERS.kubeletServing, usages } });
  const serving = ['digital signature', 'server auth'];
  const wrong = facts({ commonName: 'a', organizations: [], dnsNames: [], emailAddresses: ['e'] });
  expect(signerObjection(csr([]), wrong)).toBe('subject organization is not system:nodes');
  expect(signerObjection(csr([]), { ...wrong, organizations: ['system:nodes'] })).toBe('DNS or IP subjectAltName is required');
  const named = { ...wrong, organizations: ['system:nodes'], dnsNames: ['a'] };
  expect(signerObjection(csr([]), named)).toBe('Email subjectAltNames are not allowed');
  expect(signerObjection(csr([]), { ...named, emailAddresses: [] })).toBe(
    'usages did not match [digital signature key encipherment server auth]',
  );
  expect(signerObjection(csr(serving), { ...named, emailAddresses: [] })).toBe('subject common name does not begin with system:node:');
});
