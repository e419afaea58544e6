import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { systemClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import { devFlags, processFlags, runtimeFlags, schedulerFlags } from '../flags.ts';
import { withExamples } from '../help.ts';
import { claimInstance } from '../instance.ts';
import { createLogger } from '../logger.ts';
import { applySettings } from '../settings.ts';
import { type DevOptions, runDev } from '../wire/dev.ts';

type Flags = Omit<DevOptions, 'dataDir'> & { dataDir?: string; logLevel: string; logFormat: string };

const EXAMPLES = `
# A cluster that forgets, for trying manifests and controllers; needs no root
minik dev

# A hundred fake nodes, on any free port, with the kubeconfig where a test finds it
minik dev --nodes 100 --https-listen-port 0 --data-dir ./cluster`;

/** A directory for as long as the process runs. */
function temporaryDirectory(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'minik-dev-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

const givenDirectory = (path: string): { path: string } & Disposable => ({ path: resolve(path), [Symbol.dispose]() {} });

export function devCommand(): Command {
  const command = new Command('dev').description(
    'Run a throw-away cluster for development: the real API server, controllers and scheduler on a store in memory, with fake nodes.\n\n' +
      'Pods become Ready without a process. No root, no containerd, nothing is left behind. The annotations fake.minik.dev/exit-code and\n' +
      "fake.minik.dev/exit-after-ms make a pod's containers end by themselves.",
  );
  for (const flag of [...devFlags(), ...runtimeFlags(), ...schedulerFlags(), ...processFlags()]) command.addOption(flag);
  command.action(async () => {
    applySettings(command, process.env);
    const { dataDir, logLevel, logFormat, ...flags } = command.opts<Flags>();
    using directory = dataDir ? givenDirectory(dataDir) : temporaryDirectory();
    using _claim = claimInstance(directory.path);
    const log = createLogger({ level: logLevel, format: logFormat });
    const say = (text: string) => void process.stdout.write(`${text}\n`);
    await runDev({ ...flags, dataDir: directory.path }, { clock: systemClock, random: systemRandom, log, say });
  });
  return withExamples(command, EXAMPLES);
}
