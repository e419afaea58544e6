import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FakeClock, fakeClock } from '../../base/fake-clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { openAuthorizers } from '../../server/authz/chain.ts';
import { fakeReader } from '../../server/fake-reader.ts';
import { reloadMetrics } from '../../server/metrics/reload-metrics.ts';
import type { AuthorizationAttributes } from '../../server/ports.ts';
import { configReload } from './config-reload.ts';
import { modesIn } from './trust.ts';
import { type TrustReload, trustReload } from './trust-reload.ts';

const AUTHZ = '/etc/authz.yaml';
const AUTHN = '/etc/authn.yaml';
const authorization = (...types: string[]) =>
  JSON.stringify({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthorizationConfiguration',
    authorizers: types.map((type) => ({ type, name: type.toLowerCase() })),
  });
const jwt = (url: string) => ({ issuer: { url, audiences: ['a'] }, claimMappings: { username: { claim: 'sub', prefix: '' } } });
const authentication = (urls: string[], more: object = {}) =>
  JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration', jwt: urls.map(jwt), ...more });
const question = { user: { name: 'jane', groups: [] }, verb: 'get', path: '/x' } as AuthorizationAttributes;

describe('configuration of trust', () => {
  let clock: FakeClock;
  let registry: Registry;
  let files: Map<string, string>;
  let logged: string[];
  let ending: AbortController;
  let running: Promise<unknown>[];
  beforeEach(() => {
    clock = fakeClock();
    registry = new Registry();
    files = new Map();
    logged = [];
    ending = new AbortController();
    running = [];
  });
  afterEach(async () => {
    ending.abort();
    await Promise.all(running);
  });

  const follow = (options: Pick<TrustReload, 'followed' | 'reconfigure'>) => {
    const components = trustReload({
      ...options,
      serviceAccountIssuers: ['https://kubernetes.default.svc'],
      async readFile(path) {
        const text = files.get(path);
        if (text === undefined) throw new Error(`ENOENT: no such file or directory, open '${path}'`);
        return text;
      },
      changes: async () => {},
      metrics: (which) => reloadMetrics(which, { registry, server: 'apiserver-x', clock }),
      clock,
      log: { ...silentLogger, error: (fields: object) => void logged.push((fields as { error: string }).error) } as never,
    });
    running.push(...components.map((component) => component.run({ signal: ending.signal, ready() {} })));
  };
  const minute = () => clock.advance(60_000);
  const counted = async (which: string, status: string) => {
    const text = await registry.metrics();
    const line = new RegExp(`^apiserver_${which}_config_controller_automatic_reloads_total\\{status="${status}",.*\\} (\\d+)$`, 'm');
    return Number(line.exec(text)?.[1] ?? 0);
  };

  const authorizers = async (...types: string[]) => {
    const text = authorization(...types);
    files.set(AUTHZ, text);
    const chain = openAuthorizers(fakeReader({}), { modes: await modesIn(text, AUTHZ) });
    const reconfigure = { modes: chain.reconfigure, issuers: async () => {} };
    follow({ followed: { authorization: { path: AUTHZ, text }, authentication: undefined }, reconfigure });
    return async () => (await chain.authorizer(question)).allowed;
  };

  it('who decides: a new order takes effect, and is told by the hash of the file', async () => {
    const allows = await authorizers('AlwaysDeny', 'RBAC');
    expect(await allows()).toBe(false);
    files.set(AUTHZ, authorization('AlwaysAllow', 'AlwaysDeny', 'RBAC'));
    await minute();
    expect(await allows()).toBe(true);
    expect(await counted('authorization', 'success')).toBe(1);
    expect(await registry.metrics()).toMatch(
      /apiserver_authorization_config_controller_last_config_info\{apiserver_id_hash="sha256:[0-9a-f]{64}",hash="sha256:[0-9a-f]{64}"\} 1/,
    );
  });

  it('who decides: what is wrong is kept out, counted once and logged, and what was in force stays', async () => {
    const allows = await authorizers('RBAC', 'AlwaysAllow');
    const wrong = ['kind: AuthorizationConfiguration', authorization('AlwaysAllow'), authorization('Node', 'RBAC', 'AlwaysAllow')];
    for (const [at, text] of wrong.entries()) {
      files.set(AUTHZ, text);
      await minute();
      await minute();
      expect(await counted('authorization', 'failure')).toBe(at + 1);
      expect(await allows()).toBe(true);
    }
    expect(logged.slice(1)).toEqual([
      'missing required types: [RBAC]',
      'authorizer type Node is not allowed if it was not enabled at initial server startup',
    ]);
    files.delete(AUTHZ);
    await minute();
    await minute();
    expect(await counted('authorization', 'failure')).toBe(wrong.length + 2);
  });

  it('whose tokens are believed: new issuers, tried again while their keys cannot be had', async () => {
    const text = authentication(['https://one.example']);
    files.set(AUTHN, text);
    let inForce: readonly string[] = ['https://one.example'];
    let reachable = false;
    const issuers = async (next: readonly { issuer: { url: string } }[]) => {
      if (!reachable) throw new Error('connection refused');
      inForce = next.map(({ issuer }) => issuer.url);
    };
    const reconfigure = { modes() {}, issuers };
    follow({ followed: { authentication: { path: AUTHN, text }, authorization: undefined }, reconfigure });
    files.set(AUTHN, authentication(['https://two.example', 'https://three.example']));
    await minute();
    await minute();
    expect([inForce, await counted('authentication', 'failure')]).toEqual([['https://one.example'], 2]);
    reachable = true;
    await minute();
    expect([inForce, await counted('authentication', 'success')]).toEqual([['https://two.example', 'https://three.example'], 1]);
    files.set(AUTHN, authentication([], { anonymous: { enabled: false } }));
    await minute();
    await minute();
    expect(logged.slice(2)).toEqual(['anonymous: Forbidden: changed from initial configuration file']);
    expect(inForce).toEqual(['https://two.example', 'https://three.example']);
  });
});

it('a file that is replaced is read at once', async () => {
  await using directory = {
    path: await mkdtemp(join(tmpdir(), 'minik-reload-')),
    [Symbol.asyncDispose]: () => rm(directory.path, { recursive: true }),
  };
  const path = join(directory.path, 'config');
  await writeFile(path, 'one');
  const ending = new AbortController();
  const taken: string[] = [];
  const reload = configReload({
    what: 'config',
    path,
    text: 'one',
    readFile: async (file) => (await import('node:fs/promises')).readFile(file, 'utf8'),
    take: async (text) => void taken.push(text),
    observe: { started() {}, reloaded() {}, failed() {} },
    clock: fakeClock(),
    log: silentLogger,
  });
  const run = reload.run({ signal: ending.signal, ready() {} });
  await vi.waitFor(async () => {
    await writeFile(`${path}.new`, 'two');
    await rename(`${path}.new`, path);
    expect(taken).toEqual(['two']);
  });
  ending.abort();
  await run;
});
