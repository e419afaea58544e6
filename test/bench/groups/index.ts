import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { api } from './api.ts';
import { controllers } from './controllers.ts';
import { floor } from './floor.ts';
import type { Group } from './group.ts';
import { idle } from './idle.ts';
import { pods } from './pods.ts';
import { scheduler } from './scheduler.ts';
import { start } from './start.ts';
import { watch } from './watch.ts';

export const groups: readonly Group[] = [floor, start, idle, pods, api, watch, scheduler, controllers];

/** One after the other. The first failure ends the run: what follows would be measured on a machine that is busy with the remains. */
export async function runGroups(names: readonly string[], profileDir: string | undefined): Promise<void> {
  const { MINIK_E2E_DIR: parent, MINIK_E2E_NODE_IP: nodeIp } = process.env;
  if (!parent || !nodeIp) throw new Error('run the bench with npm run bench');
  for (const group of groups.filter(({ name }) => names.length === 0 || names.includes(name))) {
    const directory = join(parent, group.name);
    mkdirSync(directory);
    const limit = setTimeout(() => {
      console.error(`${group.name}: not done after ${group.limitSeconds} s`);
      process.exit(1);
    }, group.limitSeconds * 1000);
    await group.run({ directory, nodeIp, signal: AbortSignal.timeout(group.limitSeconds * 1000), ...(profileDir && { profileDir }) });
    clearTimeout(limit);
    rmSync(directory, { recursive: true, force: true });
  }
}
