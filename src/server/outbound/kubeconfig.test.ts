import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { kubeconfigUsers } from './kubeconfig.ts';

const usersOf = (config: object, files: Readonly<Record<string, string>> = {}) =>
  kubeconfigUsers('/etc/webhooks.yaml', { readFile: async (path) => files[path] ?? stringify(config) });
const user = (name: string, more: object = {}) => ({ name, user: { token: name, ...more } });

it('finds what is shown to a host: by its name with and without the port, by its domain, for all', async () => {
  const shown = await usersOf({
    users: [user('hook.ns.svc'), user('hook.ns.svc:8443'), user('*.example.com'), user('*.a.example.com'), user('*')],
  });
  const tokenFor = (authority: string) => (shown(authority) as { token?: string } | undefined)?.token;
  expect(tokenFor('hook.ns.svc:443')).toBe('hook.ns.svc');
  expect(tokenFor('hook.ns.svc:8443')).toBe('hook.ns.svc:8443');
  expect(tokenFor('x.example.com:443')).toBe('*.example.com');
  expect(tokenFor('y.x.a.example.com:443')).toBe('*.a.example.com');
  // A port that is not HTTPS' own must be in the name.
  expect(tokenFor('x.example.com:8443')).toBe('*');
  expect(tokenFor('elsewhere:443')).toBe('*');
});

it('falls back on the user of the current context, or on nobody', async () => {
  const contexts = [{ name: 'c', context: { user: 'me' } }];
  const config = { users: [user('me')], contexts, 'current-context': 'c' };
  expect((await usersOf(config))('elsewhere:443')).toEqual({ token: 'me' });
  expect((await usersOf({ users: [user('other')] }))('elsewhere:443')).toBeUndefined();
});

it('reads certificates, tokens and passwords, there or in files beside it', async () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const shown = await usersOf(
    {
      users: [
        { name: 'a', user: { 'client-certificate-data': base64('CERT'), 'client-key': 'key.pem' } },
        { name: 'b', user: { tokenFile: 'token' } },
        { name: 'c', user: { username: 'u', password: 'p' } },
      ],
    },
    { '/etc/key.pem': 'KEY', '/etc/token': 'secret\n' },
  );
  expect(['a:443', 'b:443', 'c:443'].map(shown)).toEqual([
    { cert: 'CERT', key: 'KEY' },
    { token: 'secret' },
    { username: 'u', password: 'p' },
  ]);
  await expect(usersOf({ users: [{ name: 'a', user: { 'client-certificate-data': base64('CERT') } }] })).rejects.toThrow(
    'without a client-key',
  );
});
