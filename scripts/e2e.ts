/**
 * Runs the end-to-end suite: real kubectl against dist/minik on real containerd, in a network namespace without a way out and a
 * mount namespace that ends with it. Arguments go to vitest (file name filters).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const PREFIX = 'minik-e2e-';
const NODE_ADDRESS = '10.98.0.1';
const require = createRequire(import.meta.url);

function must(...command: string[]): void {
  const { status, stderr } = spawnSync(command[0] ?? '', command.slice(1), { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`);
}

/** Namespaces of runs that died before they could clean up: their name carries the pid of their owner. */
function removeLeftovers(): void {
  const names = existsSync('/run/netns') ? readdirSync('/run/netns') : [];
  for (const name of names.filter((n) => n.startsWith(PREFIX))) {
    const owner = Number(name.slice(PREFIX.length));
    if (!existsSync(`/proc/${owner}`)) spawnSync('ip', ['netns', 'delete', name]);
  }
}

function main(): number {
  if (process.getuid?.() !== 0) throw new Error('the end-to-end tests need root');
  if (!existsSync('dist/minik')) throw new Error('dist/minik is missing: npm run build');
  removeLeftovers();
  const name = `${PREFIX}${process.pid}`;
  must('ip', 'netns', 'add', name);
  try {
    const inside = ['ip', '-n', name];
    must(...inside, 'link', 'set', 'lo', 'up');
    must(...inside, 'link', 'add', 'host0', 'type', 'bridge');
    must(...inside, 'addr', 'add', `${NODE_ADDRESS}/24`, 'dev', 'host0');
    must(...inside, 'link', 'set', 'host0', 'up');
    const vitest = join(dirname(require.resolve('vitest/package.json')), 'vitest.mjs');
    const command = ['nsenter', `--net=/run/netns/${name}`, 'unshare', '--mount', '--propagation', 'private', '--'];
    const run = [process.execPath, vitest, 'run', '--config', 'vitest.e2e.config.ts', ...process.argv.slice(2)];
    const { status } = spawnSync(command[0] ?? '', [...command.slice(1), ...run], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, MINIK_E2E: '1', MINIK_E2E_NODE_IP: NODE_ADDRESS },
    });
    return status ?? 1;
  } finally {
    spawnSync('ip', ['netns', 'delete', name]);
  }
}

process.exitCode = main();
