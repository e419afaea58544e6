/**
 * Plays many scenarios and says which fail: `node test/faults/survey.ts [--from SEED] [--count N] [--trace]`. The scenario of a seed is always the same.
 */
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import type { KubeObject } from '../../src/api/meta/object.ts';
import { type Logger, silentLogger } from '../../src/base/logger.ts';
import { type PlayOptions, play } from './play.ts';
import { scenarios } from './scenario.ts';
import type { Write } from './truth.ts';

const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '1' },
    count: { type: 'string', default: '100' },
    trace: { type: 'boolean', default: false },
  },
});
const [from, count] = [Number(values.from), Number(values.count)];

/** Leaves of an object by their paths. */
function leaves(value: unknown, path = ''): [string, string][] {
  if (typeof value !== 'object' || value === null) return [[path, JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, inner]) => (key === 'managedFields' ? [] : leaves(inner, `${path}.${key}`)));
}

function difference(before: KubeObject | undefined, after: KubeObject | undefined): string {
  const was = new Map(leaves(before ?? {}));
  const is = new Map(leaves(after ?? {}));
  const paths = [...new Set([...was.keys(), ...is.keys()])].filter((path) => was.get(path) !== is.get(path));
  return paths.map((path) => `${path}: ${was.get(path) ?? '-'} > ${is.get(path) ?? '-'}`).join('; ');
}

function tell({ resource, key, before, after, by }: Write, atMs: number): void {
  if (resource === 'leases.coordination.k8s.io') return;
  if (before && after) console.log(`${atMs} ${by} changes ${resource} ${key} ${difference(before, after)}`);
  else console.log(`${atMs} ${by} ${after ? 'makes' : 'removes'} ${resource} ${key}`);
}

const log: Logger = {
  ...silentLogger,
  warn: (fields, message) => console.log('  warn', fields, message),
  error: (fields, message) => console.log('  error', fields, message),
  child: () => log,
};
const trace: PlayOptions = { log, onWrite: tell, say: (text, atMs) => console.log(`${atMs} ${text}`) };

let failed = 0;
const started = performance.now();
for (let seed = from; seed < from + count; seed += 1) {
  const [scenario] = fc.sample(scenarios, { seed, numRuns: 1 });
  if (!scenario) throw new Error('no scenario');
  if (values.trace) console.log(JSON.stringify(scenario));
  try {
    await play(scenario, values.trace ? trace : {});
  } catch (error) {
    failed += 1;
    console.log(`seed ${seed}: ${error instanceof Error ? (values.trace ? error.stack : error.message) : error}`);
  }
}
const seconds = (performance.now() - started) / 1000;
console.log(`${count} scenarios, ${failed} failed, ${(seconds / count).toFixed(2)} s each`);
