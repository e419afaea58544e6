import { describe, expect, it } from 'vitest';
import type { CertificateSigningRequest, Node } from '../../api/schema/generated/types.ts';
import { approvalReason, expiresAtMs, type RequestFacts, SIGNERS, signerObjection } from './csr-plan.ts';

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
  it('lets a bootstrap token ask for any node’s client certificate and a node for its own', () => {
    const kubelet = (who: object) => approvalReason(request(SIGNERS.kubeletClient, client, who), facts(), undefined);
    expect(kubelet(asToken)).toContain('kubelet client certificate');
    expect(kubelet(asNode)).toContain('self kubelet');
    expect(kubelet({ ...asNode, username: 'system:node:b' })).toBeUndefined();
    expect(kubelet({ username: 'jane', groups: [] })).toBeUndefined();
  });

  it('lets a node have a serving certificate for what its Node object says, and no other', () => {
    const ask = (f: Partial<RequestFacts>, n: Node | undefined = node) =>
      approvalReason(request(SIGNERS.kubeletServing, serving, asNode), facts(f), n);
    expect(ask({ dnsNames: ['a'], ipAddresses: ['10.0.0.1'] })).toBeDefined();
    expect(ask({ ipAddresses: ['10.0.0.2'] })).toBeUndefined();
    expect(approvalReason(request(SIGNERS.kubeletServing, serving, asNode), facts({ dnsNames: ['a'] }), undefined)).toBeUndefined();
  });

  it('leaves user certificates to a person', () => {
    expect(approvalReason(request(SIGNERS.client, client, asToken), facts({ commonName: 'jane' }), undefined)).toBeUndefined();
  });
});

describe('signing a request', () => {
  it('is refused for subjects, names and usages that the signer does not give', () => {
    const object = (signer: string, usages: string[], f: Partial<RequestFacts>) => signerObjection(request(signer, usages), facts(f));
    expect(object(SIGNERS.kubeletClient, client, { commonName: 'system:masters' })).toContain('subject');
    expect(object(SIGNERS.kubeletClient, client, { organizations: ['system:masters'] })).toContain('subject');
    expect(object(SIGNERS.kubeletClient, client, { dnsNames: ['x'] })).toContain('alternative names');
    expect(object(SIGNERS.kubeletClient, serving, {})).toContain('usages');
    expect(object(SIGNERS.kubeletServing, serving, {})).toContain('needs a DNS name');
    expect(object(SIGNERS.client, ['server auth'], {})).toContain('usages');
    expect(object(SIGNERS.client, client, { signatureValid: false })).toContain('not signed');
    expect(object(SIGNERS.client, client, { commonName: 'jane' })).toBeUndefined();
  });
});

it('keeps undecided requests for a day and decided ones for an hour', () => {
  const pending = request(SIGNERS.client, client);
  expect(expiresAtMs(pending)).toBe(Date.UTC(2026, 0, 2));
  const denied = { ...pending, status: { conditions: [{ type: 'Denied', status: 'True', lastUpdateTime: '2026-01-01T02:00:00Z' }] } };
  expect(expiresAtMs(denied)).toBe(Date.UTC(2026, 0, 1, 3));
});
