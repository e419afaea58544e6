/**
 * Measures dist/minik, or with --server another program, and prints one JSON line a figure:
 * `npm run bench -- [group …] [--profile DIR | --server PROGRAM]`. Without groups: all of them.
 * Needs root: everything runs in a closed box, which ends every process and removes every namespace with it.
 */
import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runInClosedBox } from '../../scripts/lib/closed-box.ts';
import { groups, runGroups } from './groups/index.ts';
import { NotReadyError } from './support/server.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { profile: { type: 'string' }, server: { type: 'string' }, 'in-box': { type: 'boolean', default: false } },
});
const program = values.server && resolve(values.server);
const profileDir = values.profile && resolve(values.profile);
const possible = groups.filter((group) => !program || group.measuresPrograms).map(({ name }) => name);
const names = positionals.length > 0 ? positionals : possible;

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** What is wrong with the command line. */
function mistake(): string | undefined {
  const unknown = names.filter((name) => !possible.includes(name));
  const kind = program ? 'group for other servers' : 'group';
  if (unknown.length > 0) return `no such ${kind}: ${unknown.join(', ')}; there are ${possible.join(', ')}`;
  if (program && profileDir) return 'profiles are of minik: give --profile or --server, not both';
  if (program && !isExecutable(program)) return `no such program: ${values.server}`;
  return undefined;
}

async function measure(): Promise<void> {
  try {
    await runGroups(names, { ...(profileDir && { profileDir }), ...(program && { program }) });
  } catch (error) {
    if (!(error instanceof NotReadyError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}

const wrong = mistake();
if (wrong !== undefined) {
  console.error(wrong);
  process.exit(2);
}
if (!program && !existsSync('dist/minik')) throw new Error('dist/minik is missing: npm run build');

if (values['in-box']) {
  await measure();
} else {
  if (profileDir) mkdirSync(profileDir, { recursive: true });
  const flags = [...names, '--in-box', ...(profileDir ? ['--profile', profileDir] : []), ...(program ? ['--server', program] : [])];
  process.exitCode = runInClosedBox([process.execPath, '--disable-warning=ExperimentalWarning', import.meta.filename, ...flags]);
}
