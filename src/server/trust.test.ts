import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { decodeJwt, SignJWT } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../api/meta/object.ts';
import type { ApiRequest } from '../api/transport.ts';
import { type FakeClock, fakeClock } from '../base/fake-clock.ts';
import { bootstrapTokenSecret, createBootstrapToken, formatBootstrapToken } from './authn/bootstrap-token.ts';
import { formatJoinToken, parseJoinToken } from './authn/join-token.ts';
import { type FakeReader, fakeReader } from './fake-reader.ts';
import { serviceAccountKeys } from './pki/service-account-keys.ts';
import type { Credentials, RequestContext, UserInfo } from './ports.ts';
import { assembleTrust, type Trust } from './trust.ts';

const newKeys = () =>
  serviceAccountKeys(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
const keys = newKeys();
const ISSUER = 'https://kubernetes.default.svc.cluster.local';
const settings = { keys, issuers: [ISSUER] as const, jwksUri: 'https://10.0.0.1:6443/openid/v1/jwks', extendExpiration: true };
const ADMIN: UserInfo = { name: 'system:admin', groups: ['system:masters'] };
const NODE: UserInfo = { name: 'system:node:n1', groups: ['system:nodes'] };

const object = (name: string, namespace: string, more: object = {}): KubeObject => ({
  metadata: { name, namespace, uid: `${name}-uid` },
  ...more,
});
const credentials = (headers: Record<string, string | string[]>, certificate?: Credentials['certificate']): Credentials => {
  const distinct = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat()]));
  return {
    certificate,
    authorization: distinct.authorization?.[0],
    header: (name) => distinct[name]?.join(', '),
    distinctHeaders: distinct,
  };
};
const bearer = (token: string) => credentials({ authorization: `Bearer ${token}` });
const context = (user: UserInfo): RequestContext => ({ user, signal: new AbortController().signal, userAgent: 'test', warn: () => {} });

describe('trust', () => {
  let clock: FakeClock;
  let reader: FakeReader;
  let trust: Trust;
  beforeEach(() => {
    clock = fakeClock();
    reader = fakeReader({
      serviceaccounts: [object('robot', 'ci')],
      pods: [object('runner', 'ci', { spec: { serviceAccountName: 'robot', nodeName: 'n1' } })],
      nodes: [object('n1', '')].map((node) => ({ metadata: { ...node.metadata, namespace: undefined } })),
    });
    trust = assembleTrust({ reader, clock, tokens: settings });
  });
  const request = (spec: object, user = ADMIN, name = 'robot') =>
    trust.tokenHandler(
      {
        verb: 'create',
        group: '',
        version: 'v1',
        resource: 'serviceaccounts',
        subresource: 'token',
        namespace: 'ci',
        name,
        body: { spec },
      },
      context(user),
    ) as Promise<KubeObject & { status: { token: string; expirationTimestamp: string } }>;
  const toPod = { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'runner' } };
  const review = (kind: string, group: string, spec: object, user: UserInfo) =>
    trust.virtualHandlers[`${kind}.${group}`]?.(
      { verb: 'create', group, version: 'v1', resource: kind, body: { spec } } satisfies ApiRequest,
      context(user),
    ) as Promise<KubeObject & { status: Record<string, unknown> }>;

  describe('service account tokens', () => {
    it('carry upstream claims and stand for the account', async () => {
      const { status } = await request({ ...toPod, expirationSeconds: 900 });
      expect(decodeJwt(status.token)).toMatchObject({
        iss: ISSUER,
        sub: 'system:serviceaccount:ci:robot',
        aud: [ISSUER],
        exp: clock.now() / 1000 + 900,
        'kubernetes.io': {
          namespace: 'ci',
          serviceaccount: { name: 'robot', uid: 'robot-uid' },
          pod: { name: 'runner', uid: 'runner-uid' },
          node: { name: 'n1', uid: 'n1-uid' },
        },
      });
      expect(await trust.authenticator(bearer(status.token))).toEqual({
        name: 'system:serviceaccount:ci:robot',
        uid: 'robot-uid',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:ci', 'system:authenticated'],
        extra: {
          'authentication.kubernetes.io/credential-id': [`JTI=${decodeJwt(status.token).jti}`],
          'authentication.kubernetes.io/pod-name': ['runner'],
          'authentication.kubernetes.io/pod-uid': ['runner-uid'],
          'authentication.kubernetes.io/node-name': ['n1'],
          'authentication.kubernetes.io/node-uid': ['n1-uid'],
        },
      });
    });

    it('stop to hold when the pod goes, at once, also when they were seen before', async () => {
      const { status } = await request(toPod);
      await trust.authenticator(bearer(status.token));
      reader.set('pods', []);
      await expect(trust.authenticator(bearer(status.token))).rejects.toMatchObject({ code: 401 });
    });

    it('stop to hold when the account is made anew under the same name', async () => {
      const { status } = await request({});
      reader.set('serviceaccounts', [{ metadata: { name: 'robot', namespace: 'ci', uid: 'another' } }]);
      await expect(trust.authenticator(bearer(status.token))).rejects.toMatchObject({ code: 401 });
    });

    it('expire, also when they were seen before', async () => {
      const { status } = await request({ expirationSeconds: 600 });
      await trust.authenticator(bearer(status.token));
      await clock.advance(600_000);
      await expect(trust.authenticator(bearer(status.token))).rejects.toMatchObject({ code: 401 });
    });

    it('for other audiences do not open the API', async () => {
      const { status } = await request({ audiences: ['vault'] });
      await expect(trust.authenticator(bearer(status.token))).rejects.toMatchObject({ code: 401 });
      const answer = await review('tokenreviews', 'authentication.k8s.io', { token: status.token, audiences: ['vault', 'x'] }, ADMIN);
      expect(answer.status).toMatchObject({ authenticated: true, audiences: ['vault'] });
    });

    it('signed by another key, or by none, are refused', async () => {
      const forged = (header: { alg: string; kid: string }, key: KeyObject) =>
        new SignJWT({ 'kubernetes.io': { namespace: 'ci', serviceaccount: { name: 'robot', uid: 'robot-uid' } } })
          .setProtectedHeader(header)
          .setIssuer(ISSUER)
          .setSubject('system:serviceaccount:ci:robot')
          .setAudience(ISSUER)
          .setIssuedAt(clock.now() / 1000)
          .setExpirationTime(clock.now() / 1000 + 600)
          .sign(key);
      const token = await forged({ alg: 'ES256', kid: keys.signing.keyId }, newKeys().signing.privateKey);
      await expect(trust.authenticator(bearer(token))).rejects.toMatchObject({ code: 401 });
      const none = Buffer.from(JSON.stringify({ alg: 'none', kid: keys.signing.keyId })).toString('base64url');
      await expect(trust.authenticator(bearer(`${none}.${token.split('.')[1]}.`))).rejects.toMatchObject({ code: 401 });
    });

    it('with any byte altered are refused', async () => {
      const { token } = (await request({})).status;
      await fc.assert(
        fc.asyncProperty(fc.nat(token.length - 2), fc.constantFrom('A', 'b', '0', '.', '-'), async (at, char) => {
          if (token[at] === char || token[at + 1] === '.') return;
          await expect(trust.authenticator(bearer(token.slice(0, at) + char + token.slice(at + 1)))).rejects.toMatchObject({ code: 401 });
        }),
        { numRuns: 300 },
      );
    });

    it('are answered with Unauthorized, never another error, whatever is sent', async () => {
      await fc.assert(
        fc.asyncProperty(fc.string({ minLength: 1, maxLength: 200 }), async (text) => {
          if (text.trim() === '') return;
          await expect(trust.authenticator(bearer(text))).rejects.toMatchObject({ code: 401 });
        }),
      );
    });

    it('for the API, as every pod gets them, live a year and say when they were to be replaced', async () => {
      const { status } = await request({ ...toPod, expirationSeconds: 3607 });
      const nowSeconds = clock.now() / 1000;
      expect(decodeJwt(status.token)).toMatchObject({
        exp: nowSeconds + 365 * 24 * 3600,
        'kubernetes.io': { warnafter: nowSeconds + 3607 },
      });
      expect(Date.parse(status.expirationTimestamp)).toBe(clock.now() + 3607_000);
      await clock.advance(2 * 3_600_000);
      expect((await trust.authenticator(bearer(status.token)))?.name).toBe('system:serviceaccount:ci:robot');
    });

    it.each([
      ['another life', { ...toPod, expirationSeconds: 3600 }],
      ['another audience', { ...toPod, expirationSeconds: 3607, audiences: ['vault'] }],
      ['no pod', { expirationSeconds: 3607 }],
    ])('with %s live as long as was asked', async (_, spec) => {
      const { status } = await request(spec);
      expect(decodeJwt(status.token).exp).toBe(clock.now() / 1000 + spec.expirationSeconds);
      expect(decodeJwt(status.token)['kubernetes.io']).not.toHaveProperty('warnafter');
    });

    it('bound to a Secret or a node stop to hold with it', async () => {
      reader.set('secrets', [object('key', 'ci')]);
      const toSecret = await request({ boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name: 'key' } });
      const toNode = await request({ boundObjectRef: { apiVersion: 'v1', kind: 'Node', name: 'n1' } });
      expect((await trust.authenticator(bearer(toSecret.status.token)))?.name).toBe('system:serviceaccount:ci:robot');
      expect((await trust.authenticator(bearer(toNode.status.token)))?.extra).toMatchObject({
        'authentication.kubernetes.io/node-name': ['n1'],
        'authentication.kubernetes.io/node-uid': ['n1-uid'],
      });
      reader.set('secrets', [{ metadata: { name: 'key', namespace: 'ci', uid: 'made anew' } }]);
      reader.set('nodes', []);
      await expect(trust.authenticator(bearer(toSecret.status.token))).rejects.toMatchObject({ code: 401 });
      await expect(trust.authenticator(bearer(toNode.status.token))).rejects.toMatchObject({ code: 401 });
    });

    it('longer than the server allows are shortened, with a warning', async () => {
      const bounded = assembleTrust({ reader, clock, tokens: { ...settings, maxExpirationSeconds: 7200 } });
      const warnings: string[] = [];
      const asked = { verb: 'create', group: '', version: 'v1', resource: 'serviceaccounts', subresource: 'token' } as const;
      const answer = (await bounded.tokenHandler(
        { ...asked, namespace: 'ci', name: 'robot', body: { spec: { expirationSeconds: 86_400 } } },
        { ...context(ADMIN), warn: (text) => void warnings.push(text) },
      )) as KubeObject & { spec: { expirationSeconds: number } };
      expect(answer.spec.expirationSeconds).toBe(7200);
      expect(warnings).toEqual(['requested expiration of 86400 seconds shortened to 7200 seconds']);
    });

    it('of a key and an issuer that were replaced hold while these are believed', async () => {
      const { token } = (await request({})).status;
      const [next, issuers] = [newKeys(), ['https://new.example', ISSUER] as const];
      const rotated = {
        ...settings,
        keys: { ...next, verification: [...next.verification, ...keys.verification] },
        issuers,
        apiAudiences: [ISSUER],
      };
      const after = assembleTrust({ reader, clock, tokens: rotated });
      expect((await after.authenticator(bearer(token)))?.name).toBe('system:serviceaccount:ci:robot');
      expect(after.documents['/openid/v1/jwks']).toMatchObject({ keys: [{ kid: next.signing.keyId }, { kid: keys.signing.keyId }] });
      const without = assembleTrust({ reader, clock, tokens: { ...rotated, keys: next } });
      await expect(without.authenticator(bearer(token))).rejects.toMatchObject({ code: 401 });
    });

    describe('without end, in a Secret', () => {
      const claims = { namespace: 'ci', serviceaccount: { name: 'robot', uid: 'robot-uid' }, secret: { name: 'old' } };
      const secretOf = (token: string, more: object = {}) =>
        ({
          metadata: { name: 'old', namespace: 'ci', uid: 's', ...more },
          data: { token: Buffer.from(token).toString('base64') },
        }) as KubeObject;

      it('hold while the Secret holds them', async () => {
        const token = await trust.tokens.issueLegacy(claims);
        expect(decodeJwt(token)).toEqual({
          iss: 'kubernetes/serviceaccount',
          'kubernetes.io/serviceaccount/namespace': 'ci',
          'kubernetes.io/serviceaccount/secret.name': 'old',
          'kubernetes.io/serviceaccount/service-account.name': 'robot',
          'kubernetes.io/serviceaccount/service-account.uid': 'robot-uid',
          sub: 'system:serviceaccount:ci:robot',
        });
        await expect(trust.authenticator(bearer(token))).rejects.toMatchObject({ code: 401 });
        reader.set('secrets', [secretOf(token)]);
        expect(await trust.authenticator(bearer(token))).toEqual({
          name: 'system:serviceaccount:ci:robot',
          uid: 'robot-uid',
          groups: ['system:serviceaccounts', 'system:serviceaccounts:ci', 'system:authenticated'],
        });
        for (const gone of [
          secretOf('another'),
          secretOf(token, { labels: { 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' } }),
        ]) {
          reader.set('secrets', [gone]);
          await expect(trust.authenticator(bearer(token))).rejects.toMatchObject({ code: 401 });
        }
      });
    });

    it('in a Secret are noted there once a day, also when they are marked as invalid', async () => {
      const noted: unknown[] = [];
      const noting = assembleTrust({
        reader,
        clock,
        tokens: { keys, issuers: [ISSUER], jwksUri: '', extendExpiration: true },
        noteUse: ({ metadata }, label) => void noted.push([metadata?.name, label]),
      });
      const claims = { namespace: 'ci', serviceaccount: { name: 'robot', uid: 'robot-uid' }, secret: { name: 'old' } };
      const token = await noting.tokens.issueLegacy(claims);
      const data = { token: Buffer.from(token).toString('base64') };
      const metadata = { name: 'old', namespace: 'ci', uid: 's' };
      reader.set('secrets', [{ metadata, data } as KubeObject]);
      const day = () => new Date(clock.now()).toISOString().slice(0, 10);
      for (let i = 0; i < 3; i += 1) await noting.authenticator(bearer(token));
      expect(noted).toEqual([['old', { 'kubernetes.io/legacy-token-last-used': day() }]]);
      await clock.advance(86_400_000);
      reader.set('secrets', [
        { metadata: { ...metadata, labels: { 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' } }, data } as KubeObject,
      ]);
      await expect(noting.authenticator(bearer(token))).rejects.toMatchObject({ code: 401 });
      expect(noted[1]).toEqual(['old', { 'kubernetes.io/legacy-token-last-used': day() }]);
    });

    it.each([
      ['a token that ran out', 3_600_000, {}, '[invalid bearer token, service account token has expired]'],
      [
        'a token for others',
        0,
        { audiences: ['vault'] },
        `[invalid bearer token, token audiences ["vault"] is invalid for the target audiences ["${ISSUER}"]]`,
      ],
    ])('are reviewed: %s', async (_, afterMs, spec, error) => {
      const { status } = await request(spec);
      await clock.advance(afterMs);
      const answer = await review('tokenreviews', 'authentication.k8s.io', { token: status.token }, ADMIN);
      expect(answer.status).toEqual({ user: {}, error });
    });

    it('are not given under other names than the URL’s, nor to an account made anew', async () => {
      const ask = (metadata: object) =>
        trust.tokenHandler(
          {
            verb: 'create',
            group: '',
            version: 'v1',
            resource: 'serviceaccounts',
            subresource: 'token',
            namespace: 'ci',
            name: 'robot',
            body: { metadata },
          },
          context(ADMIN),
        );
      await expect(ask({ name: 'x' })).rejects.toThrow(
        'metadata.name: Invalid value: "x": must match the service account name if specified',
      );
      await expect(ask({ namespace: 'x' })).rejects.toThrow(
        'the namespace of the provided object does not match the namespace sent on the request',
      );
      await expect(ask({ uid: 'x' })).rejects.toThrow(
        'Operation cannot be fulfilled on TokenRequest.authentication.k8s.io "robot": the UID in the token request (x) does not match the UID of the service account (robot-uid)',
      );
    });

    it('are not given for less than ten minutes, absent accounts, pods of another account, or kinds that do not bind', async () => {
      await expect(request({ expirationSeconds: 599 })).rejects.toThrow(/may not specify a duration less than 10 minutes/);
      await expect(request({}, ADMIN, 'nobody')).rejects.toMatchObject({ code: 404 });
      await expect(request({ boundObjectRef: { ...toPod.boundObjectRef, uid: 'old' } })).rejects.toMatchObject({ code: 409 });
      await expect(request({ boundObjectRef: { kind: 'ConfigMap', name: 'x' } })).rejects.toMatchObject({ code: 400 });
      reader.set('serviceaccounts', [object('robot', 'ci'), object('other', 'ci')]);
      await expect(request(toPod, ADMIN, 'other')).rejects.toThrow(/different serviceaccount/);
    });
  });

  describe('the authenticator', () => {
    it('says nothing about requests without credentials', async () => {
      expect(await trust.authenticator(credentials({}))).toBeUndefined();
      expect(await trust.authenticator(credentials({ authorization: 'Basic eDp5' }))).toBeUndefined();
    });

    it('takes user and groups from a client certificate', async () => {
      const certificate = { commonName: 'jane', organizations: ['dev'], fingerprint: 'AB:CD', isClient: true, isFrontProxy: false };
      expect(await trust.authenticator(credentials({}, certificate))).toEqual({
        name: 'jane',
        groups: ['dev', 'system:authenticated'],
        extra: { 'authentication.kubernetes.io/credential-id': ['X509SHA256=abcd'] },
      });
    });

    it('takes a token from the WebSocket protocol', async () => {
      const { status } = await request({});
      const protocol = `base64url.bearer.authorization.k8s.io.${Buffer.from(status.token).toString('base64url')}`;
      const user = await trust.authenticator({ ...credentials({}), webSocketProtocols: ['v5.channel.k8s.io', protocol] });
      expect(user?.name).toBe('system:serviceaccount:ci:robot');
    });

    it('knows bootstrap tokens while their Secret says so', async () => {
      const token = createBootstrapToken();
      const text = formatBootstrapToken(token);
      await expect(trust.authenticator(bearer(text))).rejects.toMatchObject({ code: 401 });
      reader.set('secrets', [bootstrapTokenSecret(token, { expiresMs: clock.now() + 60_000, extraGroups: ['system:bootstrappers:edge'] })]);
      expect(await trust.authenticator(bearer(text))).toEqual({
        name: `system:bootstrap:${token.id}`,
        groups: ['system:bootstrappers', 'system:bootstrappers:edge', 'system:authenticated'],
      });
      await expect(trust.authenticator(bearer(`${token.id}.0123456789abcdef`))).rejects.toMatchObject({ code: 401 });
      await clock.advance(60_000);
      await expect(trust.authenticator(bearer(text))).rejects.toMatchObject({ code: 401 });
    });

    it('does not let a bootstrap Secret name groups outside its own', async () => {
      const token = createBootstrapToken();
      reader.set('secrets', [bootstrapTokenSecret(token, { extraGroups: ['system:masters'] })]);
      await expect(trust.authenticator(bearer(formatBootstrapToken(token)))).rejects.toMatchObject({ code: 401 });
    });
  });

  describe('reviews', () => {
    const resourceAttributes = { verb: 'delete', resource: 'secrets', namespace: 'ci' };
    it('answer whether the asker may', async () => {
      expect((await review('selfsubjectaccessreviews', 'authorization.k8s.io', { resourceAttributes }, ADMIN)).status).toEqual({
        allowed: true,
      });
      expect((await review('selfsubjectaccessreviews', 'authorization.k8s.io', { resourceAttributes }, NODE)).status.allowed).toBe(false);
    });
    it('answer whether somebody else may', async () => {
      const answer = await review(
        'subjectaccessreviews',
        'authorization.k8s.io',
        { resourceAttributes, user: 'x', groups: ['system:masters'] },
        NODE,
      );
      expect(answer.status).toEqual({ allowed: true });
      await expect(review('subjectaccessreviews', 'authorization.k8s.io', { resourceAttributes }, NODE)).rejects.toThrow(
        '.authorization.k8s.io "" is invalid: spec.user: Invalid value: "": at least one of user or group must be specified',
      );
    });
    it.each([
      [{ key: 'a', operator: 'In' }, "values: Required value: must be specified when `operator` is 'In' or 'NotIn'"],
      [{ operator: 'Exists' }, 'key: Required value: must be specified'],
      [
        { key: 'a', operator: 'Exists', values: ['b'] },
        "values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
      ],
    ])('refuse a field requirement %j: %s', async (requirement, finding) => {
      const asked = { resourceAttributes: { ...resourceAttributes, fieldSelector: { requirements: [requirement] } } };
      await expect(review('selfsubjectaccessreviews', 'authorization.k8s.io', asked, ADMIN)).rejects.toThrow(
        `spec.resourceAttributes.fieldSelector.requirements[0].${finding}`,
      );
    });
    it('answer who one is', async () => {
      const answer = await review('selfsubjectreviews', 'authentication.k8s.io', {}, NODE);
      expect(answer.status).toEqual({ userInfo: { username: 'system:node:n1', groups: ['system:nodes'] } });
      expect(answer.metadata?.creationTimestamp).toBeDefined();
    });
    it('answer what one may do in a namespace', async () => {
      const RB = 'rbac.authorization.k8s.io';
      const rules = [
        { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
        { nonResourceURLs: ['/x'], verbs: ['get'] },
      ];
      reader.set(`clusterroles.${RB}`, [{ metadata: { name: 'r' }, rules } as KubeObject]);
      const binding = {
        metadata: { name: 'b' },
        roleRef: { apiGroup: RB, kind: 'ClusterRole', name: 'r' },
        subjects: [{ kind: 'User', name: 'u' }],
      };
      reader.set(`clusterrolebindings.${RB}`, [binding as KubeObject]);
      const answer = await review('selfsubjectrulesreviews', 'authorization.k8s.io', { namespace: 'ci' }, { name: 'u', groups: [] });
      expect(answer.status).toEqual({
        resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
        nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }],
        incomplete: false,
      });
    });
  });

  it('publishes the key that its tokens are signed with', () => {
    expect(trust.documents['/openid/v1/jwks']).toMatchObject({
      keys: [{ kid: keys.signing.keyId, kty: 'EC', crv: 'P-256', alg: 'ES256' }],
    });
    expect(JSON.stringify(trust.documents)).not.toContain('"d":');
  });
});

describe('join tokens', () => {
  const hex = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 });
  it('read back as they were written', () => {
    fc.assert(
      fc.property(fc.option(hex, { nil: undefined }), (caHash) => {
        const token = { ...createBootstrapToken(), ...(caHash !== undefined && { caHash }) };
        expect(parseJoinToken(`${formatJoinToken(token)}\n`)).toEqual(token);
      }),
    );
  });
  it('of no known form are no tokens', () => {
    for (const text of [
      '',
      'abc',
      'K10::abcdef.0123456789abcdef',
      `K10${'0'.repeat(63)}::abcdef.0123456789abcdef`,
      'abcdef.0123456789abcdeF',
    ]) {
      expect(parseJoinToken(text), text).toBeUndefined();
    }
    fc.assert(fc.property(fc.string(), (text) => void expect(parseJoinToken(`!${text}`)).toBeUndefined()));
  });
});
