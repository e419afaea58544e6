import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { type TeardownPaths, teardown } from './teardown.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'minik-teardown-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const pathsOf = (dataDir: string): TeardownPaths => ({
  dataDir,
  stateDir: join(dataDir, 'run'),
  agentDir: join(dataDir, 'agent'),
  containerdRoot: join(dataDir, 'agent/containerd'),
  containerdSocket: join(dataDir, 'run/containerd.sock'),
  cniIpamDir: join(dataDir, 'agent/cni/ipam'),
  podsDir: join(dataDir, 'agent/pods'),
  podLogsDir: join(dataDir, 'agent/pod-logs'),
});

function run(dataDir: string) {
  const lines: string[] = [];
  const log = {
    ...silentLogger,
    info: (_: object, line: string) => void lines.push(line),
    warn: (_: object, line: string) => void lines.push(line),
  };
  const options = { clock: systemClock, log, signal: new AbortController().signal };
  return teardown(pathsOf(dataDir), options).then((result) => ({ ...result, lines }));
}

async function controlPlane(name: string): Promise<string> {
  const dataDir = join(root, name);
  await mkdir(join(dataDir, 'server/tls'), { recursive: true });
  await mkdir(join(dataDir, 'run'));
  await writeFile(join(dataDir, 'run/left.sock'), '');
  await writeFile(join(dataDir, 'kubeconfig.yaml'), '');
  return dataDir;
}

describe('teardown', () => {
  it('removes a stopped control plane, and finds nothing the second time', async () => {
    const dataDir = await controlPlane('data');
    expect(await run(dataDir)).toEqual({ outcome: 'removed', lines: ['state directory deleted', 'data directory deleted'] });
    expect(await readdir(root)).toEqual([]);
    expect(await run(dataDir)).toEqual({ outcome: 'nothing', lines: [] });
  });

  it('leaves files alone that minik did not make, and says so', async () => {
    const dataDir = await controlPlane('data');
    await writeFile(join(dataDir, 'thesis.tex'), 'important');
    const { outcome, lines } = await run(dataDir);
    expect(outcome).toBe('removed');
    expect(lines).toContain('the data directory stays: it holds files that minik did not make');
    expect(await readdir(dataDir)).toEqual(['thesis.tex']);
  });

  it('follows a link to the data directory, but none inside it', async () => {
    const dataDir = await controlPlane('data');
    await mkdir(join(root, 'elsewhere'));
    await writeFile(join(root, 'elsewhere/file'), '');
    await symlink(join(root, 'elsewhere'), join(dataDir, 'server/link'));
    await symlink(dataDir, join(root, 'link'));
    expect((await run(join(root, 'link'))).outcome).toBe('removed');
    expect(await readdir(root)).toEqual(['elsewhere']);
    expect(await readdir(join(root, 'elsewhere'))).toEqual(['file']);
  });

  it('goes on after a step that fails, and names it', async () => {
    const dataDir = await controlPlane('data');
    await rm(join(dataDir, 'run'), { recursive: true });
    await writeFile(join(dataDir, 'run'), 'a file where a directory is expected');
    expect(await run(dataDir)).toMatchObject({ outcome: 'failed', steps: ['state directory deleted'] });
    expect(await readdir(root)).toEqual([]);
  });
});
