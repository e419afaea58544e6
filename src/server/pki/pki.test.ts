import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { fakeClock } from '../../base/fake-clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { DAY_MS } from './certificate-plan.ts';
import { kubeconfig } from './kubeconfig.ts';
import { CLIENTS, openPki } from './pki.ts';
import { servingNames } from './serving-names.ts';

const SANS = servingNames({
  hostName: 'box',
  clusterDomain: 'cluster.local',
  serviceIps: ['10.43.0.1'],
  nodeIps: ['192.0.2.7', 'FD00::5'],
});

describe('the PKI', () => {
  let root: string;
  let dir: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'pki-'));
    dir = join(root, 'server', 'tls');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const open = (clock = fakeClock()) => openPki({ dir, clock, log: silentLogger });
  const fileOf = (name: string) => readFileSync(join(dir, name), 'utf8');

  it('makes everything on an empty directory, readable by its owner alone', async () => {
    const pki = await open();
    await Promise.all([pki.serving(SANS), pki.client(CLIENTS.admin), pki.frontProxyClient()]);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    const files = readdirSync(dir);
    expect(files).toContain('service-account.key');
    expect(files.filter((file) => file.endsWith('.tmp'))).toEqual([]);
    for (const file of files) expect(statSync(join(dir, file)).mode & 0o777, file).toBe(0o600);
  });

  it('keeps everything over a restart', async () => {
    const first = await open();
    const before = {
      ca: first.caPem,
      hash: first.caHash,
      serving: (await first.serving(SANS)).current(),
      kid: first.serviceAccountKeys.signing.keyId,
    };
    const second = await open();
    const after = {
      ca: second.caPem,
      hash: second.caHash,
      serving: (await second.serving(SANS)).current(),
      kid: second.serviceAccountKeys.signing.keyId,
    };
    expect(after).toEqual(before);
  });

  it('signs a serving certificate that names every way to reach the server', async () => {
    const pki = await open();
    const { certPem, keyPem } = (await pki.serving(SANS)).current();
    const certificate = new X509Certificate(certPem);
    expect(certificate.verify(new X509Certificate(pki.caPem).publicKey)).toBe(true);
    for (const name of ['kubernetes.default.svc.cluster.local', 'localhost', 'box']) expect(certificate.checkHost(name)).toBe(name);
    for (const address of ['127.0.0.1', '10.43.0.1', '192.0.2.7']) expect(certificate.checkIP(address)).toBe(address);
    expect(certificate.checkIP('fd00::5')).toBeDefined();
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(() => createSecureContext({ cert: certPem, key: keyPem, ca: pki.caPem })).not.toThrow();
  });

  it('issues the serving certificate anew when a name is added', async () => {
    const before = (await (await open()).serving(SANS)).current();
    const after = (await (await open()).serving([...SANS, 'api.example.org'])).current();
    expect(after.certPem).not.toBe(before.certPem);
    expect(new X509Certificate(after.certPem).checkHost('api.example.org')).toBe('api.example.org');
  });

  it('puts user and groups into client certificates', async () => {
    const certificate = new X509Certificate((await (await open()).client(CLIENTS.admin)).current().certPem);
    expect(certificate.subject).toBe('O=system:masters\nCN=system:admin');
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  });

  it('renews while it runs, once less than 90 days are left, and tells who listens', async () => {
    const clock = fakeClock();
    const pki = await open(clock);
    const serving = await pki.serving(SANS);
    const first = serving.current();
    const seen: string[] = [];
    serving.onRenew((pair) => seen.push(pair.certPem));
    const stop = new AbortController();
    const running = pki.renewal.run({ signal: stop.signal, ready: () => {} });
    await clock.advance(274 * DAY_MS);
    expect(serving.current()).toBe(first);
    await clock.advance(2 * DAY_MS);
    await expect.poll(() => seen.length).toBe(1);
    expect(serving.current().certPem).toBe(seen[0]);
    expect(new X509Certificate(seen[0] ?? '').validToDate.getTime()).toBeGreaterThan(clock.now() + 364 * DAY_MS);
    expect(fileOf('serving.crt')).toBe(seen[0]);
    stop.abort();
    await running;
  });

  it('completes a start that was cut short between key and certificate', async () => {
    await open();
    const key = fileOf('ca.key');
    rmSync(join(dir, 'ca.crt'));
    const pki = await open();
    expect(fileOf('ca.key')).toBe(key);
    expect(new X509Certificate(pki.caPem).ca).toBe(true);
  });

  it('replaces a leaf whose key belongs to another certificate', async () => {
    const pki = await open();
    await Promise.all([pki.serving(SANS), pki.client(CLIENTS.admin)]);
    writeFileSync(join(dir, 'serving.key'), fileOf('client-admin.key'));
    const { certPem, keyPem } = (await (await open()).serving(SANS)).current();
    expect(() => createSecureContext({ cert: certPem, key: keyPem })).not.toThrow();
  });

  it('refuses to go on without the CA key, and says what to do', async () => {
    await open();
    rmSync(join(dir, 'ca.key'));
    await expect(open()).rejects.toThrow(/ca\.key is missing: restore it/);
  });

  it('refuses a CA certificate with the key of another CA', async () => {
    await open();
    writeFileSync(join(dir, 'ca.key'), fileOf('front-proxy-ca.key'));
    await expect(open()).rejects.toThrow(/do not belong together/);
  });

  it('writes kubeconfigs that hold the CA and the user', async () => {
    const pki = await open();
    const user = (await pki.client(CLIENTS.admin)).current();
    const read = parse(kubeconfig({ server: 'https://127.0.0.1:6443', caPem: pki.caPem, user }));
    expect(read['current-context']).toBe('default');
    expect(read.clusters[0].cluster.server).toBe('https://127.0.0.1:6443');
    expect(Buffer.from(read.clusters[0].cluster['certificate-authority-data'], 'base64').toString()).toBe(pki.caPem);
    expect(Buffer.from(read.users[0].user['client-key-data'], 'base64').toString()).toBe(user.keyPem);
  });
});
