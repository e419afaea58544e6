import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { nodeFlags } from '../../../scripts/lib/node-flags.ts';
import { round, say } from '../support/figure.ts';
import type { Group, GroupContext } from './group.ts';

interface Outcome {
  readonly perSecond: number;
  readonly ms: number;
  readonly pods: number;
  readonly cpuSeconds: number;
}

const HOST = join(import.meta.dirname, '../scheduler/host.ts');

/** What the table asks of each scenario: pods a second, from a scheduler that starts to the last binding in the API. */
const FIGURES: Record<string, { readonly title: string; readonly atLeast: number }> = {
  basic: { title: 'basic pods, 5,000 nodes, 10,000 pods', atLeast: 1000 },
  'anti-affinity': { title: 'pod anti-affinity, 5,000 nodes, 2,000 pods', atLeast: 120 },
  'topology-spread': { title: 'topology spreading, 5,000 nodes, 5,000 pods', atLeast: 400 },
  preemption: { title: 'preemption, 500 nodes full of low-priority pods, 500 pods', atLeast: 200 },
};

/** The scenario in a process of its own; it fails when one pod is not bound, or not where it may be. */
async function run(scenario: string, { directory, profileDir, signal }: GroupContext): Promise<Outcome> {
  const own = join(directory, scenario);
  mkdirSync(own);
  const profiling = profileDir ? ['--cpu-prof', `--cpu-prof-dir=${profileDir}`] : [];
  const child = spawn(process.execPath, [...nodeFlags, ...profiling, HOST, own, scenario], {
    stdio: ['ignore', 'pipe', 'inherit'],
    signal,
  });
  const [said] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (child.exitCode !== 0) throw new Error(`scenario ${scenario} ended with ${child.exitCode}`);
  return JSON.parse(said) as Outcome;
}

export const scheduler: Group = {
  name: 'scheduler',
  limitSeconds: 600,
  async run(context) {
    for (const [scenario, { title, atLeast }] of Object.entries(FIGURES)) {
      const { perSecond, pods, ms, cpuSeconds } = await run(scenario, context);
      const details = { pods, seconds: round(ms / 1000), cpuUsPerPod: Math.round((cpuSeconds / pods) * 1e6) };
      say(`scheduler: ${title}`, perSecond, 'pods/s', { must: { atLeast }, ...details });
    }
  },
};
