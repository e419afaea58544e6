import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { certificateSigningRequests } from '../../api/index.ts';
import { ApiError } from '../../api/meta/status.ts';
import type { CertificateSigningRequest } from '../../api/schema/generated/types.ts';
import { type FakeClock, fakeClock } from '../../base/fake-clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { type FakeCluster, fakeCluster } from '../../client/fake-client.ts';
import { answerRequests, signRequest } from './fake-signer.ts';
import { createNodeCertificate, lifeLeft, type NodeCertificateOptions } from './node-certificate.ts';

const DAY_MS = 24 * 3_600_000;
let clock: FakeClock;
let cluster: FakeCluster;
let directory: string;
let stop: AbortController;
let answered: Promise<void>;
let answer: (csr: CertificateSigningRequest) => Promise<CertificateSigningRequest['status']>;

beforeEach(() => {
  clock = fakeClock();
  cluster = fakeCluster({ clock });
  directory = join(mkdtempSync(join(tmpdir(), 'minik-node-certificate-')), 'pki');
  stop = new AbortController();
  answer = async (csr) => ({ certificate: Buffer.from(await signRequest(csr, clock.now())).toString('base64') });
  answered = answerRequests(cluster.client, (csr) => answer(csr), { signal: stop.signal });
});

afterEach(async () => {
  stop.abort();
  await answered;
  rmSync(join(directory, '..'), { recursive: true, force: true });
});

const certificate = (options: Partial<NodeCertificateOptions> = {}) =>
  createNodeCertificate({
    purpose: 'client',
    nodeName: 'n1',
    names: [],
    directory,
    client: () => cluster.client,
    clock,
    random: Math.random,
    log: silentLogger,
    ...options,
  });

const requests = () => cluster.all(certificateSigningRequests);
const obtain = (options: Partial<NodeCertificateOptions> = {}) => certificate(options).obtain({ signal: stop.signal });

describe('a certificate that the node has not', () => {
  it('is asked for as the node, from the signer of kubelets’ client certificates', async () => {
    const pair = await obtain();
    expect(new X509Certificate(pair.cert).subject).toBe('O=system:nodes\nCN=system:node:n1');
    expect(lifeLeft(pair, [], clock.now())).toBe(1);
    expect(requests().map(({ spec }) => [spec?.signerName, spec?.usages])).toEqual([
      ['kubernetes.io/kube-apiserver-client-kubelet', ['digital signature', 'client auth']],
    ]);
  });

  it('carries the node’s names and addresses when it is for the node’s own API', async () => {
    const names = ['n1', '192.0.2.7', '2001:db8::7'];
    const pair = await obtain({ purpose: 'serving', names });
    expect(lifeLeft(pair, names, clock.now())).toBe(1);
    expect(requests()[0]?.spec).toMatchObject({
      signerName: 'kubernetes.io/kubelet-serving',
      usages: ['digital signature', 'server auth'],
    });
  });

  it('is kept where only its owner reads it, and taken from there the next time', async () => {
    const pair = await obtain();
    expect(readdirSync(directory).sort()).toEqual(['client.crt', 'client.key']);
    for (const file of readdirSync(directory)) expect(statSync(join(directory, file)).mode & 0o777).toBe(0o600);
    const again = certificate();
    expect(again.current()).toBeUndefined();
    await expect(again.obtain({ signal: stop.signal })).resolves.toEqual(pair);
    expect(again.current()).toEqual(pair);
    expect(requests()).toHaveLength(1);
  });

  it('is asked for anew when key and certificate on disk do not belong together', async () => {
    await obtain();
    const key = readFileSync(join(directory, 'client.key'), 'utf8');
    rmSync(join(directory, 'client.key'));
    await obtain();
    writeFileSync(join(directory, 'client.key'), key);
    const pair = await obtain();
    expect(requests()).toHaveLength(3);
    expect(lifeLeft(pair, [], clock.now())).toBe(1);
  });

  it('is refused with the reason of whoever denied it', async () => {
    answer = async () => ({ conditions: [{ type: 'Denied', status: 'True', message: 'not one of ours' }] });
    await expect(obtain()).rejects.toThrow(/^the certificate request csr-\w{10} was refused: not one of ours$/);
  });
});

describe('what is left of a certificate’s life', () => {
  it('shrinks evenly to nothing', async () => {
    const pair = await obtain();
    expect(lifeLeft(pair, [], clock.now() + 73 * DAY_MS)).toBeCloseTo(0.8);
    expect(lifeLeft(pair, [], clock.now() + 400 * DAY_MS)).toBe(0);
  });

  it('is nothing for other names, for another key, and for what is no certificate', async () => {
    const pair = await obtain({ purpose: 'serving', names: ['n1'] });
    const other = await obtain({ purpose: 'serving', names: ['n2'] });
    expect(lifeLeft(pair, ['n2'], clock.now())).toBe(0);
    expect(lifeLeft({ ...pair, key: other.key }, ['n1'], clock.now())).toBe(0);
    expect(lifeLeft({ cert: 'x', key: 'y' }, [], clock.now())).toBe(0);
  });
});

describe('while it runs', () => {
  it('a certificate is renewed when a fifth of its life is left, and listeners hear of it', async () => {
    const own = certificate();
    let changes = 0;
    using _listener = own.onChange(() => (changes += 1));
    const first = await own.obtain({ signal: stop.signal });
    await clock.advance(0.79 * 365 * DAY_MS);
    const running = own.run({ signal: stop.signal, ready: () => {} });
    await clock.advance(3_600_000);
    expect(own.current()).toEqual(first);
    await clock.advance(5 * DAY_MS);
    await vi.waitFor(() => expect(changes).toBe(2));
    expect(own.current()).not.toEqual(first);
    stop.abort();
    await running;
  });

  it('a server that does not answer is asked again after a while, and that is counted', async () => {
    let failures = 2;
    cluster.intercept = ({ verb }) => {
      if (verb === 'create' && failures-- > 0) throw new ApiError('ServiceUnavailable', 'starting');
    };
    const own = certificate();
    const ready = Promise.withResolvers<void>();
    const running = own.run({ signal: stop.signal, ready: ready.resolve });
    await vi.waitFor(async () => {
      await clock.advance(60_000);
      expect(own.current()).toBeDefined();
    });
    await ready.promise;
    expect(own.failures()).toBe(2);
    stop.abort();
    await running;
  });
});
