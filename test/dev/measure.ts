/**
 * What `minik dev` costs, one JSON line a figure: start until ready and resident memory by number of nodes, then 1,000 pods on 10 nodes and the CPU that
 * they take when nothing happens. `node test/dev/measure.ts`; nothing is asserted but that every pod is Ready.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { deployments } from '../../src/api/index.ts';
import { systemClock } from '../../src/base/clock.ts';
import { openAdminClient } from '../../src/cli/admin-client.ts';

const TICKS_PER_SECOND = 100;
const IDLE_SECONDS = 20;
const { signal } = new AbortController();
const print = (figure: object) => console.log(JSON.stringify(figure));
const since = (ms: number) => Math.round(performance.now() - ms);

const residentMb = (pid: number): number => {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes) / 1024);
};

function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function idleCpuPercent(pid: number): Promise<number> {
  const before = cpuSeconds(pid);
  await sleep(IDLE_SECONDS * 1000);
  return Math.round(((cpuSeconds(pid) - before) / IDLE_SECONDS) * 1000) / 10;
}

async function withDev(nodes: number, act: (dev: { pid: number; kubeconfig: string; readyMs: number }) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'minik-measure-'));
  const started = performance.now();
  const program = process.argv[2] ? [process.argv[2]] : [process.execPath, '--disable-warning=ExperimentalWarning', 'src/cli/main.ts'];
  const [file = '', ...first] = program;
  const flags = ['dev', '--https-listen-port', '0', '--data-dir', directory, '--nodes', String(nodes), '--log-level', 'warn'];
  const child = spawn(file, [...first, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(child.stdout, 'data');
    await act({ pid: child.pid ?? 0, kubeconfig: join(directory, 'kubeconfig.yaml'), readyMs: since(started) });
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
    rmSync(directory, { recursive: true, force: true });
  }
}

async function startOf(nodes: number): Promise<void> {
  await withDev(nodes, async ({ pid, readyMs }) => {
    await sleep(5000);
    print({ figure: 'dev start', nodes, readyMs, residentMb: residentMb(pid), idleCpuPercent: await idleCpuPercent(pid) });
  });
}

async function podsOf(nodes: number, replicas: number): Promise<void> {
  await withDev(nodes, async ({ pid, kubeconfig }) => {
    using admin = await openAdminClient(kubeconfig, systemClock);
    const [labels, options] = [{ app: 'many' }, { namespace: 'default', signal }];
    const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'example.invalid/c:1' }] } };
    const started = performance.now();
    await admin.client.create(
      deployments,
      { metadata: { name: 'many' }, spec: { replicas, selector: { matchLabels: labels }, template } },
      options,
    );
    for (;;) {
      const { status } = await admin.client.get(deployments, 'many', options);
      if (status?.readyReplicas === replicas) break;
      await sleep(100);
    }
    const allReadyMs = since(started);
    await sleep(5000);
    print({
      figure: 'dev pods',
      nodes,
      pods: replicas,
      allReadyMs,
      residentMb: residentMb(pid),
      idleCpuPercent: await idleCpuPercent(pid),
    });
  });
}

await startOf(1);
await startOf(100);
await podsOf(10, 1000);
