import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeClock, fakeClock } from '../../../base/fake-clock.ts';
import { silentLogger } from '../../../base/logger.ts';
import { fakeReader } from '../../fake-reader.ts';
import { type FakeHttpsServer, fakeHttpsServer } from '../../outbound/fake-https-server.ts';
import { createOutbound, type Outbound } from '../../outbound/outbound.ts';
import type { TokenSource } from '../token-source.ts';
import { type ClaimMapping, groupsClaim, requiredClaim, usernameClaim } from './claims-plan.ts';
import { oidcSource } from './oidc.ts';

const API = ['https://kubernetes.default.svc'];
const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
const [first, second] = [rsa(), rsa()];
const jwk = (key: KeyObject, kid?: string) => ({ ...key.export({ format: 'jwk' }), ...(kid && { kid }), use: 'sig', alg: 'RS256' });
const mapping = (change: Partial<ClaimMapping> = {}): ClaimMapping => ({
  username: usernameClaim('sub', 'oidc:'),
  groups: groupsClaim('groups', 'team:'),
  uid: () => '',
  extra: () => ({}),
  claimRules: [],
  userRules: [],
  ...change,
});

describe('ID tokens', () => {
  let clock: FakeClock;
  let issuer: FakeHttpsServer;
  let outbound: Outbound;
  let keys: object[];
  let asked: string[];
  let claimedIssuer: string | undefined;
  beforeEach(async () => {
    clock = fakeClock();
    keys = [jwk(first.publicKey, 'one')];
    asked = [];
    claimedIssuer = undefined;
    issuer = await fakeHttpsServer((request, reply) => {
      asked.push(request.url ?? '');
      const document = { issuer: claimedIssuer ?? issuer.url, jwks_uri: `${issuer.url}/keys` };
      reply.setHeader('content-type', 'application/json');
      reply.end(JSON.stringify(request.url === '/keys' ? { keys } : document));
    });
    outbound = createOutbound({ objects: fakeReader({}), clock, random: Math.random });
  });
  afterEach(async () => {
    outbound[Symbol.dispose]();
    await issuer[Symbol.asyncDispose]();
  });
  const source = (change: Partial<ClaimMapping> = {}, algorithms: readonly string[] = ['RS256']): TokenSource =>
    oidcSource(
      { issuer: { url: issuer.url, caPem: issuer.caPem }, audiences: ['kubectl'], algorithms, mapping: mapping(change) },
      { outbound, apiAudiences: API, clock, log: silentLogger },
    );
  const token = (claims: JWTPayload = {}, { key = first.privateKey, kid = 'one' as string | undefined, alg = 'RS256' } = {}) =>
    new SignJWT({ iss: issuer.url, aud: 'kubectl', sub: 'jane', exp: clock.now() / 1000 + 600, ...claims })
      .setProtectedHeader({ alg, ...(kid && { kid }) })
      .sign(key);

  it('stand for the user and the groups that their claims name', async () => {
    const text = await token({ groups: ['a', 'b'], jti: 'x1' });
    expect(await source()(text, API)).toEqual({
      user: {
        name: 'oidc:jane',
        groups: ['team:a', 'team:b'],
        extra: { 'authentication.kubernetes.io/credential-id': ['JTI=x1'] },
      },
      audiences: API,
    });
  });

  it('of other issuers, or asked about for others than the API, are somebody else’s affair', async () => {
    const text = await token();
    expect(await source()(await token({ iss: 'https://other.example' }), API)).toBeUndefined();
    expect(await source()(text, ['vault'])).toBeUndefined();
    expect(await source()('no token', API)).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it.each([
    ['expired', { exp: 1 }, /^oidc: verify token: oidc: token is expired \(Token Expiry: 1970-01-01T00:00:01Z\)$/],
    ['for another client', { aud: ['x'] }, /^oidc: verify token: oidc: expected audience in \["kubectl"\] got \["x"\]$/],
    ['without the user', { sub: undefined }, /^oidc: parse username claims "sub": claim not present$/],
    ['with groups that are none', { groups: [1] }, /^oidc: parse groups claim "groups": /],
  ])('that are %s are refused, in upstream words', async (_, claims, error) => {
    expect(await source()(await token(claims as JWTPayload), API)).toEqual({ error: expect.stringMatching(error) });
  });

  it('signed by another key, or in another way than allowed, are refused', async () => {
    expect(await source()(await token({}, { key: second.privateKey }), API)).toEqual({
      error: 'oidc: verify token: failed to verify signature: failed to verify id token signature',
    });
    expect(await source({}, ['ES256'])(await token(), API)).toEqual({ error: expect.stringContaining('unexpected signature algorithm') });
    const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    expect(await source()(`${none}.${(await token()).split('.')[1]}.`, API)).toEqual({
      error: expect.stringContaining('oidc: verify token'),
    });
  });

  it('need a verified mail address when that is the user name', async () => {
    const byMail = source({ username: usernameClaim('email') });
    expect(await byMail(await token({ email: 'j@example.org', email_verified: false }), API)).toEqual({
      error: 'oidc: email not verified',
    });
    expect(await byMail(await token({ email: 'j@example.org' }), API)).toMatchObject({ user: { name: 'j@example.org' } });
  });

  it('need the claims that are required', async () => {
    const strict = source({ claimRules: [requiredClaim('hd', 'example.org')] });
    expect(await strict(await token(), API)).toEqual({ error: 'oidc: required claim hd not present in ID token' });
    expect(await strict(await token({ hd: 'x' }), API)).toEqual({
      error: 'oidc: required claim hd value does not match. Got = x, want = example.org',
    });
    expect(await strict(await token({ hd: 'example.org' }), API)).toMatchObject({ user: { name: 'oidc:jane' } });
  });

  it('have their keys fetched once, and again when a new key comes, but not for every wrong one', async () => {
    const check = source();
    await check(await token(), API);
    await check(await token({ sub: 'joe' }), API);
    expect(asked).toEqual(['/.well-known/openid-configuration', '/keys']);
    const rotated = await token({}, { key: second.privateKey, kid: 'two' });
    expect(await check(rotated, API)).toHaveProperty('error');
    expect(asked).toHaveLength(2);
    keys = [jwk(second.publicKey, 'two')];
    await clock.advance(10_000);
    expect(await check(await token({}, { key: second.privateKey, kid: 'two' }), API)).toMatchObject({ user: { name: 'oidc:jane' } });
    expect(asked).toHaveLength(4);
  });

  it('without a key id are tried with every key', async () => {
    keys = [jwk(second.publicKey, 'two'), jwk(first.publicKey, 'one')];
    expect(await source()(await token({}, { kid: undefined }), API)).toMatchObject({ user: { name: 'oidc:jane' } });
  });

  it('do not hold while the issuer cannot be asked, says another name, or is not trusted', async () => {
    claimedIssuer = 'https://evil.example';
    expect(await source()(await token(), API)).toEqual({ error: 'oidc: authenticator not initialized' });
    const untrusted = oidcSource(
      { issuer: { url: issuer.url }, audiences: ['kubectl'], mapping: mapping() },
      { outbound, apiAudiences: API, clock, log: silentLogger },
    );
    expect(await untrusted(await token(), API)).toEqual({ error: 'oidc: authenticator not initialized' });
  });

  it('are believed from memory for a while, and never beyond their end', async () => {
    const check = source();
    const text = await token({ exp: clock.now() / 1000 + 5 });
    expect(await check(text, API)).toHaveProperty('user');
    await clock.advance(5000);
    expect(await check(text, API)).toHaveProperty('error');
  });
});
