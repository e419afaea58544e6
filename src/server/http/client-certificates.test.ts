import { X509Certificate } from 'node:crypto';
import { connect } from 'node:http2';
import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { createAuthenticator } from '../authn/authenticator.ts';
import { DEFAULT_FRONT_PROXY } from '../authn/front-proxy.ts';
import { impersonationIn, impersonator } from '../authn/impersonation.ts';
import type { KeyPair } from '../pki/certificate.ts';
import { issueAuthority, issueIdentity, newKeyPem } from '../pki/issue.ts';
import type { Authorizer } from '../ports.ts';
import type { ApiServer } from '../server.ts';
import { serve } from './fake-server.ts';

const authority = async (name: string) => issueAuthority(name, await newKeyPem(), systemClock.now());
const identity = (ca: KeyPair, commonName: string, purpose: 'client' | 'server' = 'client') =>
  issueIdentity(ca, { commonName, organizations: ['dev'], sans: ['localhost'], purpose }, systemClock.now());
const roots = (pair: KeyPair) => new Set([new X509Certificate(pair.certPem).fingerprint256]);

let server: ApiServer;
let stop: () => Promise<void>;
let jane: KeyPair;
let proxy: KeyPair;
let stranger: KeyPair;
let serverCa: string;

beforeAll(async () => {
  const [ca, proxyCa, otherCa] = await Promise.all([authority('ca'), authority('proxy'), authority('other')]);
  [jane, proxy, stranger] = await Promise.all([identity(ca, 'jane'), identity(proxyCa, 'front-proxy-client'), identity(otherCa, 'jane')]);
  serverCa = ca.certPem;
  const serving = await identity(ca, 'localhost', 'server');
  // Everything is refused, so that the refusal says who asked.
  const authorizer: Authorizer = ({ verb }) => ({ allowed: verb === 'impersonate', reason: '' });
  const impersonate = impersonator(authorizer);
  const fake = await serve({
    authenticator: createAuthenticator({
      authenticateToken: (token) => (token === 'good' ? { user: { name: 'robot', groups: [] }, audiences: [] } : undefined),
      audiences: [],
      frontProxy: DEFAULT_FRONT_PROXY,
    }),
    roots: { client: roots(ca), frontProxy: roots(proxyCa) },
    allowsAnonymous: (path) => path === '/livez',
    impersonate: async (attributes, headers) => {
      const wanted = impersonationIn(headers);
      return wanted && impersonate(wanted, attributes);
    },
    authorizer,
    tls: { current: () => ({ key: serving.keyPem, cert: serving.certPem, ca: [ca.certPem, proxyCa.certPem] }) },
  });
  server = fake.server;
  stop = fake.stop;
});
afterAll(() => stop());

type Send = (
  client: KeyPair | undefined,
  headers: Record<string, string | string[]>,
  path: string,
) => Promise<{ code: number; text: string }>;
const tlsOf = (client: KeyPair | undefined) => ({
  ca: serverCa,
  servername: 'localhost',
  ...(client && { cert: client.certPem, key: client.keyPem }),
});

const overHttp1: Send = async (client, headers, path) => {
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    request({ host: '127.0.0.1', port: server.address().port, path, headers, ...tlsOf(client) }, resolve)
      .on('error', reject)
      .end();
  });
  return { code: response.statusCode ?? 0, text: Buffer.concat(await response.toArray()).toString() };
};

const overHttp2: Send = async (client, headers, path) => {
  const session = connect(`https://127.0.0.1:${server.address().port}`, tlsOf(client));
  try {
    const stream = session.request({ ':path': path, ...headers });
    const code = new Promise<number>((resolve, reject) => {
      stream.once('response', (head) => resolve(Number(head[':status'])));
      stream.once('error', reject);
    });
    return { code: await code, text: Buffer.concat(await stream.toArray()).toString() };
  } finally {
    session.destroy();
  }
};

describe.each([
  ['HTTP/1.1', overHttp1],
  ['HTTP/2', overHttp2],
])('a TLS client over %s', (_, send) => {
  /** The status code, and the user that the refusal names. */
  const whoAsks = async (client: KeyPair | undefined, headers: Record<string, string | string[]> = {}, path = '/x') => {
    const { code, text } = await send(client, headers, path);
    return `${code} ${/User "([^"]*)"/.exec((JSON.parse(text) as { message: string }).message)?.[1] ?? ''}`.trim();
  };

  const remote = { 'x-remote-user': 'joe', 'x-remote-group': 'dev' };
  it('is who its certificate says, when the CA for clients signed it', async () => {
    expect(await whoAsks(jane)).toBe('403 jane');
    expect(await whoAsks(jane, remote)).toBe('403 jane');
  });
  it('has the life of its certificate counted for each request, which that of others is not', async () => {
    const bucket = async (le: string) => {
      const text = await server.metrics.registry.getSingleMetricAsString('apiserver_client_certificate_expiration_seconds');
      return Number(new RegExp(`_bucket{le="${le.replace('+', '\\+')}"} (\\d+)`).exec(text)?.[1]);
    };
    const before = await bucket('+Inf');
    await whoAsks(jane);
    await whoAsks(jane);
    await whoAsks(stranger);
    await whoAsks(proxy, remote);
    await whoAsks(undefined);
    expect(await bucket('+Inf')).toBe(before + 2);
    expect(await bucket('0')).toBe(0);
  });
  it('speaks for others, when the CA for front proxies signed its certificate', async () => {
    expect(await whoAsks(proxy, remote)).toBe('403 joe');
    expect(await whoAsks(proxy, { ...remote, 'x-remote-user': 'jim' })).toBe('403 jim');
    expect(await whoAsks(proxy)).toBe('401');
  });
  it('with a certificate that nobody vouches for needs a token', async () => {
    expect(await whoAsks(stranger, remote)).toBe('401');
    expect(await whoAsks(stranger, { authorization: 'Bearer good' })).toBe('403 robot');
    expect(await whoAsks(stranger, { authorization: 'Bearer bad' })).toBe('401');
  });
  it('without any is nobody, where nobody may ask', async () => {
    expect(await whoAsks(undefined, remote)).toBe('401');
    expect(await whoAsks(undefined, {}, '/livez')).toBe('403 system:anonymous');
  });
  it('acts as another where it may', async () => {
    expect(await whoAsks(jane, { 'impersonate-user': 'bob' })).toBe('403 bob');
    expect(await whoAsks(jane, { 'impersonate-group': 'x' })).toBe('400');
    expect(await whoAsks(jane, { 'impersonate-user': 'bob', 'impersonate-group': ['a, b', 'system:masters'] })).toBe('403 bob');
  });
});
