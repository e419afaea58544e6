import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { api } from './api.ts';
import { controllers } from './controllers.ts';
import { floor } from './floor.ts';
import type { Group, GroupContext } from './group.ts';
import { idle } from './idle.ts';
import { pods } from './pods.ts';
import { scheduler } from './scheduler.ts';
import { start } from './start.ts';
import { watch } from './watch.ts';

export const groups: readonly Group[] = [floor, start, idle, pods, api, watch, scheduler, controllers];

/** Times as long as minik, at most. */
const OTHERS_TAKE = 3;

/** One after the other. The first failure ends the run: what follows would be measured on a machine that is busy with the remains. */
export async function runGroups(names: readonly string[], options: Pick<GroupContext, 'profileDir' | 'program'>): Promise<void> {
  const { MINIK_E2E_DIR: parent, MINIK_E2E_NODE_IP: nodeIp } = process.env;
  if (!parent || !nodeIp) throw new Error('run the bench with npm run bench');
  for (const group of groups.filter(({ name }) => names.includes(name))) {
    const directory = join(parent, group.name);
    mkdirSync(directory);
    const seconds = group.limitSeconds * (options.program ? OTHERS_TAKE : 1);
    const limit = setTimeout(() => {
      console.error(`${group.name}: not done after ${seconds} s`);
      process.exit(1);
    }, seconds * 1000);
    await group.run({ directory, nodeIp, signal: AbortSignal.timeout(seconds * 1000), ...options });
    clearTimeout(limit);
    rmSync(directory, { recursive: true, force: true });
  }
}
