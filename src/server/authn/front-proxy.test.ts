import { describe, expect, it } from 'vitest';
import type { Credentials } from '../ports.ts';
import { createAuthenticator } from './authenticator.ts';
import { DEFAULT_FRONT_PROXY } from './front-proxy.ts';

const authenticate = createAuthenticator({ authenticateToken: () => undefined, audiences: ['api'], frontProxy: DEFAULT_FRONT_PROXY });
const request = (
  certificate: Partial<NonNullable<Credentials['certificate']>> | undefined,
  headers: Record<string, string[]>,
): Credentials => ({
  ...(certificate && {
    certificate: {
      commonName: 'front-proxy-client',
      organizations: [],
      fingerprint: 'AB',
      isClient: false,
      isFrontProxy: false,
      ...certificate,
    },
  }),
  header: (name) => headers[name]?.join(', '),
  distinctHeaders: headers,
});
const jane = {
  'x-remote-user': ['jane'],
  'x-remote-uid': ['7'],
  'x-remote-group': ['dev', 'ops'],
  'x-remote-extra-acme.io%2fteam': ['a', 'b'],
};

describe('a front proxy', () => {
  it('says whom it speaks for', async () => {
    expect(await authenticate(request({ isFrontProxy: true }, jane))).toEqual({
      name: 'jane',
      uid: '7',
      groups: ['dev', 'ops', 'system:authenticated'],
      extra: { 'acme.io/team': ['a', 'b'] },
    });
  });

  it('is not heard with a certificate of another name or of another CA, or with none', async () => {
    await expect(authenticate(request({ isFrontProxy: true, commonName: 'other' }, jane))).rejects.toMatchObject({ code: 401 });
    expect(await authenticate(request({ isClient: true, commonName: 'mallory' }, jane))).toMatchObject({ name: 'mallory' });
    await expect(authenticate(request({}, jane))).rejects.toMatchObject({ code: 401 });
    expect(await authenticate(request(undefined, jane))).toBeUndefined();
  });

  it('may pass on the request of nobody, who stays unauthenticated', async () => {
    const anonymous = { 'x-remote-user': ['system:anonymous'], 'x-remote-group': ['system:unauthenticated'] };
    expect(await authenticate(request({ isFrontProxy: true }, anonymous))).toEqual({
      name: 'system:anonymous',
      groups: ['system:unauthenticated'],
    });
  });

  it('names the uid that a client certificate carries', async () => {
    expect(await authenticate(request({ isClient: true, commonName: 'jane', uid: 'u-1' }, {}))).toMatchObject({ name: 'jane', uid: 'u-1' });
  });
});
