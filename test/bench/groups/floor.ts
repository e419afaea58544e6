import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { issueAuthority, issueIdentity, newKeyPem } from '../../../src/server/pki/issue.ts';
import type { BareServer } from '../load/bare-server.ts';
import { runJob, SENT_AT } from '../load/job.ts';
import { mergePatch } from '../load/templates.ts';
import { round, say } from '../support/figure.ts';
import { cpuSecondsOf } from '../support/process-stats.ts';
import type { Endpoint } from '../support/server.ts';
import type { Group } from './group.ts';
import { sayLatency } from './updates.ts';

const PORT = 6443;
/** As a pod of the bench has. */
const ANSWER_BYTES = 3400;
const SECONDS = 3;

/** What any API server on Node pays: figures of days on which a machine's host is faster or slower are read against it. */
export const floor: Group = {
  name: 'floor',
  limitSeconds: 60,
  run: async ({ directory, nodeIp }) => {
    const nowMs = Date.now();
    const authority = await issueAuthority('bench', await newKeyPem(), nowMs);
    const issue = (purpose: 'server' | 'client', sans: readonly string[]) =>
      issueIdentity(authority, { commonName: 'bench', organizations: [], sans, purpose }, nowMs);
    const [server, client] = await Promise.all([issue('server', [nodeIp]), issue('client', [])]);
    const child = fork(join(import.meta.dirname, '../load/bare-server.ts'), { execArgv: ['--disable-warning=ExperimentalWarning'] });
    try {
      const bare: BareServer = {
        host: nodeIp,
        port: PORT,
        ca: authority.certPem,
        bytes: ANSWER_BYTES,
        cert: server.certPem,
        key: server.keyPem,
        log: join(directory, 'bare.log'),
      };
      child.send(bare);
      await once(child, 'message');
      const endpoint: Endpoint = { host: nodeIp, port: PORT, ca: authority.certPem, cert: client.certPem, key: client.keyPem };
      for (const clients of [1, 16, 64]) await gets(endpoint, child.pid ?? 0, clients);
      const request = mergePatch('pods', 'bench', { 'sent-at': SENT_AT });
      await sayLatency('floor: watch latency of a bare, durable node:https server', {
        endpoint,
        path: '/?watch=true',
        resourceVersion: 1,
        request,
      });
    } finally {
      child.kill();
    }
  },
};

async function gets(endpoint: Endpoint, pid: number, clients: number): Promise<void> {
  const before = cpuSecondsOf(pid);
  const request = { method: 'GET', path: '/', status: 200 } as const;
  const result = await runJob({ kind: 'requests', endpoint, request, clients, first: 0, count: 1_000_000, seconds: SECONDS });
  const cpuUs = ((cpuSecondsOf(pid) - before) / result.requests) * 1e6;
  const seconds = (result.endedAtMs - result.startedAtMs) / 1000;
  say(`floor: a GET from a bare node:https server, ${clients} client${clients === 1 ? '' : 's'}`, cpuUs, 'µs of CPU', {
    perSecond: Math.round(result.requests / seconds),
    p50Ms: round(result.p50Ms),
    p99Ms: round(result.p99Ms),
  });
}
