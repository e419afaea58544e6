/**
 * Measures dist/minik and prints one JSON line a figure: `npm run bench -- [group …] [--profile DIR]`. Without groups: all of them.
 * Needs root: everything runs in a closed box, which ends every process and removes every namespace with it.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runInClosedBox } from '../../scripts/lib/closed-box.ts';
import { groups, runGroups } from './groups/index.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { profile: { type: 'string' }, 'in-box': { type: 'boolean', default: false } },
});
const unknown = positionals.filter((name) => !groups.some((group) => group.name === name));
if (unknown.length > 0) {
  console.error(`no such group: ${unknown.join(', ')}; there are ${groups.map((group) => group.name).join(', ')}`);
  process.exit(2);
}
if (!existsSync('dist/minik')) throw new Error('dist/minik is missing: npm run build');

if (values['in-box']) {
  await runGroups(positionals, values.profile);
} else {
  const profile = values.profile && resolve(values.profile);
  if (profile) mkdirSync(profile, { recursive: true });
  const flags = [...positionals, '--in-box', ...(profile ? ['--profile', profile] : [])];
  process.exitCode = runInClosedBox([process.execPath, '--disable-warning=ExperimentalWarning', import.meta.filename, ...flags]);
}
