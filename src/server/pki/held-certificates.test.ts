import { expect, it } from 'vitest';
import { ADMIN, fakeApi } from '../fake-api.ts';

it('a Secret for TLS that nobody can serve with is taken, and its writer told', async () => {
  const api = await fakeApi();
  const warnings: string[] = [];
  const context = { user: ADMIN, signal: new AbortController().signal, warn: (text: string) => void warnings.push(text) };
  const secret = (type: string) => ({
    metadata: { name: type.replace('/', '.').toLowerCase() },
    type,
    data: { 'tls.crt': '', 'tls.key': '' },
  });
  const request = { verb: 'create', group: '', version: 'v1', resource: 'secrets', namespace: 'default' } as const;
  for (const type of ['kubernetes.io/tls', 'Opaque']) await api.handler.request({ ...request, body: secret(type) }, context);
  expect(warnings).toEqual(['tls: failed to find any PEM data in certificate input']);
});
