import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { Command, Option } from 'commander';
import { teardown } from '../../agent/teardown/teardown.ts';
import { type Clock, systemClock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { UsageError } from '../exit.ts';
import { commonFlags } from '../flags.ts';
import { withExamples } from '../help.ts';
import { runningInstance, startTicks } from '../instance.ts';
import { createLogger } from '../logger.ts';
import { applySettings } from '../settings.ts';
import { pathsOf } from '../wire/paths.ts';

interface Flags {
  readonly dataDir: string;
  readonly yes?: boolean;
  readonly logLevel: string;
  readonly logFormat: string;
}

/** minik lets requests finish and closes its store; more than this means that it hangs. */
const STOP_TIMEOUT_MS = 30_000;
const STOP_POLL_MS = 50;

async function confirmed(dataDir: string): Promise<boolean> {
  const ask = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await ask.question(
      `This ends all pods of this machine and deletes ${dataDir}: the cluster's state cannot be restored. Go on? [y/N] `,
    );
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    ask.close();
  }
}

async function hasEnded(pid: number, ticks: string, clock: Clock, signal: AbortSignal): Promise<boolean> {
  const deadline = clock.monotonic() + STOP_TIMEOUT_MS;
  while (startTicks(pid) === ticks) {
    if (clock.monotonic() > deadline) return false;
    await clock.sleep(STOP_POLL_MS, { signal });
  }
  return true;
}

/** Ends the minik that runs on the data directory; by force when it does not listen. Does nothing when none runs. */
async function stopRunning(dataDir: string, { clock, log, signal }: { clock: Clock; log: Logger; signal: AbortSignal }): Promise<void> {
  const pid = runningInstance(dataDir);
  const ticks = pid === undefined ? undefined : startTicks(pid);
  if (pid === undefined || ticks === undefined) return;
  process.kill(pid, 'SIGTERM');
  if (!(await hasEnded(pid, ticks, clock, signal))) {
    log.warn({ pid }, 'minik does not stop; killing it');
    process.kill(pid, 'SIGKILL');
    if (!(await hasEnded(pid, ticks, clock, signal))) throw new Error(`minik (pid ${pid}) does not end`);
  }
  log.info({ pid }, 'minik stopped');
}

/** Rejects when something could not be removed; what has gone wrong has been logged then. */
async function uninstall(dataDir: string, log: Logger): Promise<void> {
  const options = { clock: systemClock, log, signal: new AbortController().signal };
  const paths = pathsOf(dataDir);
  const wasRunning = runningInstance(dataDir) !== undefined;
  await stopRunning(dataDir, options);
  const result = await teardown(paths, options);
  if (result.outcome === 'failed')
    throw new Error(`not everything could be removed (${result.steps.join(', ')}): see above, then run this again`);
  const text =
    result.outcome === 'removed' || wasRunning
      ? `minik was removed from this machine (${dataDir})`
      : `there is nothing to remove at ${dataDir}`;
  process.stdout.write(`${text}\n`);
}

export function uninstallCommand(): Command {
  const command = new Command('uninstall').description(
    'Stop minik and remove everything that it left on this machine: pods, images, network, rules, logs, and the data directory.\n\n' +
      'Files in the data directory that minik did not make stay.',
  );
  for (const flag of [...commonFlags(), new Option('--yes', 'Do not ask.')]) command.addOption(flag);
  command.action(async () => {
    applySettings(command, process.env);
    const flags = command.opts<Flags>();
    const dataDir = resolve(flags.dataDir);
    if (process.getuid?.() !== 0 && existsSync(pathsOf(dataDir).agentDir)) throw new UsageError('removing a node needs root');
    if (!flags.yes) {
      if (!process.stdin.isTTY) throw new UsageError('nobody is there to ask: add --yes to uninstall without a terminal');
      if (!(await confirmed(dataDir))) throw new UsageError('nothing was removed');
    }
    await uninstall(dataDir, createLogger({ level: flags.logLevel, format: flags.logFormat }));
  });
  return withExamples(
    command,
    '# Remove minik from this machine\nminik uninstall\n\n# The same in a script\nminik uninstall --yes --data-dir /srv/minik',
  );
}
