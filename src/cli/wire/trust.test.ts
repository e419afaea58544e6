import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ServerSettings } from './settings.ts';
import { anonymousAt, trustSettings } from './trust.ts';

async function isAnonymousLetIn(settings: Partial<ServerSettings>): Promise<boolean> {
  const { anonymous } = await trustSettings(settings as ServerSettings, { serviceAccountIssuers: [] });
  return anonymousAt(anonymous)('/api');
}

it('lets nobody in without credentials where everything is allowed, unless a file says so', async () => {
  expect(await isAnonymousLetIn({})).toBe(true);
  expect(await isAnonymousLetIn({ anonymousAuth: false })).toBe(false);
  expect(await isAnonymousLetIn({ authorizationMode: ['RBAC', 'AlwaysAllow'] })).toBe(false);
  expect(await isAnonymousLetIn({ authorizationMode: ['AlwaysAllow'], anonymousAuth: true })).toBe(false);
  const directory = await mkdtemp(join(tmpdir(), 'minik-trust-'));
  try {
    const authenticationConfig = join(directory, 'authn.yaml');
    const head = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration' };
    await writeFile(authenticationConfig, JSON.stringify({ ...head, anonymous: { enabled: true } }));
    expect(await isAnonymousLetIn({ authorizationMode: ['AlwaysAllow'], authenticationConfig })).toBe(true);
  } finally {
    await rm(directory, { recursive: true });
  }
});
