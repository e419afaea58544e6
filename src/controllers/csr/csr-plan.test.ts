import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CertificateSigningRequest, Node } from '../../api/schema/generated/types.ts';
import { approvalRules, expiresAtMs, nextStep, type RequestFacts, SIGNERS, signerObjection } from './csr-plan.ts';

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

/** Mostly what a kubelet would send: every rule is met often enough for what they have in common to be seen. */
const mostly = <T>(usual: fc.Arbitrary<T>, ...odd: T[]) => fc.oneof({ weight: 6, arbitrary: usual }, fc.constantFrom(...odd));
const kubelet = fc.constantFrom(
  { signerName: SIGNERS.kubeletClient as string, usages: client, names: fc.constant<string[]>([]), ips: fc.constant<string[]>([]) },
  {
    signerName: SIGNERS.kubeletServing as string,
    usages: serving,
    names: fc.subarray(['a', 'localhost']),
    ips: fc.subarray(['10.0.0.1', '127.0.0.1'], { minLength: 1 }),
  },
);
const nodeUser = 'system:node:a';
const someAsking = kubelet.chain(({ signerName, usages, names, ips }) =>
  fc.record({
    csr: fc
      .record({
        signerName: mostly(fc.constant(signerName), ...Object.values(SIGNERS), 'example.com/other'),
        usages: mostly(fc.constant(usages), client, serving, [...usages, 'key encipherment'], [...usages, 'cert sign'], []),
        username: mostly(fc.constant(nodeUser), 'system:node:b', 'system:bootstrap:abcdef'),
        groups: mostly(fc.constant<string[]>(['system:nodes']), ['system:authenticated']),
      })
      .map(({ signerName, usages, ...who }) => request(signerName, usages, who)),
    asked: fc.record<RequestFacts>({
      commonName: mostly(fc.constant(nodeUser), 'system:node:b', 'system:node:', 'jane'),
      organizations: mostly(fc.constant<string[]>(['system:nodes']), ['system:nodes', 'system:masters'], ['system:masters'], []),
      dnsNames: mostly(names, ['a'], ['b']),
      ipAddresses: mostly(ips, ['10.0.0.1'], ['10.0.0.2']),
      emailAddresses: mostly(fc.constant<string[]>([]), ['jane@example.com']),
      uris: mostly(fc.constant<string[]>([]), ['spiffe://x']),
      signatureValid: mostly(fc.constant(true), false),
    }),
  }),
);
/** The node of the name that is asked for, as the controller finds it. */
const named = ({ commonName }: RequestFacts) => (commonName === 'system:node:a' ? node : undefined);

describe('whatever is asked for', () => {
  it('no approval goes to anything but a node’s identity, by a rightful requester, for names that are the node’s', () => {
    const approved = new Set<string | undefined>();
    const check = ({ csr, asked: f }: { csr: CertificateSigningRequest; asked: RequestFacts }) => {
      const { username, groups, signerName, usages = [] } = csr.spec;
      for (const { subresource } of approvalRules(csr, f, named(f))) {
        approved.add(subresource);
        expect([SIGNERS.kubeletClient, SIGNERS.kubeletServing]).toContain(signerName);
        expect(f).toMatchObject({ signatureValid: true, organizations: ['system:nodes'], emailAddresses: [], uris: [] });
        expect(f.commonName).toMatch(/^system:node:.+/);
        expect(usages).not.toContain('cert sign');
        expect(usages.includes('client auth')).toBe(signerName === SIGNERS.kubeletClient);
        expect(usages.includes('server auth')).toBe(signerName === SIGNERS.kubeletServing);
        if (subresource === 'selfnodeclient') expect(username).toBe(f.commonName);
        if (subresource) continue;
        expect([username, signerName]).toEqual(['system:node:a', SIGNERS.kubeletServing]);
        expect(groups).toContain('system:nodes');
        expect(['a', 'localhost', '10.0.0.1', '127.0.0.1']).toEqual(expect.arrayContaining([...f.dnsNames, ...f.ipAddresses]));
      }
    };
    fc.assert(fc.property(someAsking, check), { numRuns: 1000 });
    expect([...approved].sort()).toEqual(['nodeclient', 'selfnodeclient', undefined]);
  });

  it('one name more that is not the node’s, or a broken signature, takes every approval away', () => {
    fc.assert(
      fc.property(someAsking, ({ csr, asked: f }) => {
        const worse = [{ dnsNames: [...f.dnsNames, 'bank.example'] }, { uris: ['spiffe://x'] }, { signatureValid: false }];
        for (const change of worse) expect(approvalRules(csr, { ...f, ...change }, named(f))).toEqual([]);
      }),
    );
  });
});

const HOUR_MS = 3_600_000;
const MADE_MS = Date.UTC(2026, 0, 1);
const condition = fc.record({ type: fc.constantFrom('Approved', 'Denied', 'Failed'), hours: fc.nat(30) }).map(({ type, hours }) => ({
  type,
  status: 'True',
  lastUpdateTime: new Date(MADE_MS + hours * HOUR_MS).toISOString(),
}));
const requestOnItsWay = fc
  .record({
    csr: someAsking.map(({ csr }) => csr),
    conditions: fc.array(condition, { maxLength: 3 }),
    certificate: fc.constantFrom(undefined, 'x'),
  })
  .map(({ csr, ...status }) => ({ ...csr, status }));

it('a request is signed only with an approval and against no word, never twice; one that is removed once is removed for good', () => {
  fc.assert(
    fc.property(requestOnItsWay, fc.nat(60), fc.nat(60), (csr, hours, more) => {
      const { conditions, certificate } = csr.status;
      const at = MADE_MS + hours * HOUR_MS;
      const step = nextStep(csr, at);
      const types = new Set(conditions.map(({ type }) => type));
      if (step === 'sign' || step === 'approve') {
        expect([...types]).toEqual(step === 'sign' ? ['Approved'] : []);
        expect([certificate, Object.values(SIGNERS)]).toEqual([undefined, expect.arrayContaining([csr.spec.signerName])]);
      }
      if (step === 'remove') expect(nextStep(csr, at + more * HOUR_MS)).toBe('remove');
      const latest = Math.max(MADE_MS, ...conditions.map(({ lastUpdateTime }) => Date.parse(lastUpdateTime)));
      expect(nextStep(csr, latest + 24 * HOUR_MS)).toBe('remove');
      if (types.size === 0) expect(nextStep(csr, MADE_MS + 24 * HOUR_MS - 1)).not.toBe('remove');
    }),
  );
});
