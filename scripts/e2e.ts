/**
 * Runs the end-to-end suites, each in a closed box of its own (lib/closed-box.ts): tests of parts on real containerd, then real kubectl against
 * dist/minik. Arguments go to vitest (file name filters). With MINIK_TEST_REPORT set, the counts of both are written there.
 */
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { runInClosedBox } from './lib/closed-box.ts';

const SUITES = { parts: 'src/**/*.e2e.test.ts', cluster: 'test/e2e/**/*.e2e.test.ts' } as const;
type Suite = keyof typeof SUITES;
const COUNTS = ['numPassedTests', 'numFailedTests', 'numPendingTests', 'numTodoTests'] as const;
type Counts = Record<(typeof COUNTS)[number], number>;

const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const args = process.argv.slice(2);
const filters = args.filter((arg, i) => !arg.startsWith('-') && !args[i - 1]?.startsWith('-'));
const report = process.env.MINIK_TEST_REPORT;
const reportOf = (suite: Suite) => `${report}.${suite}`;

/** A suite that no filter asks for costs a cluster for nothing. */
const isAsked = (suite: Suite) =>
  filters.length === 0 || globSync(SUITES[suite]).some((file) => filters.some((filter) => file.includes(filter)));

function run(suite: Suite): number {
  const command = [process.execPath, vitest, 'run', '--config', 'vitest.e2e.config.ts', ...args];
  return runInClosedBox(command, { MINIK_E2E: '1', MINIK_E2E_SUITE: suite, ...(report ? { MINIK_TEST_REPORT: reportOf(suite) } : {}) });
}

/** A suite that wrote no report failed as a whole: then there is no sum either. */
function writeReport(suites: readonly Suite[]): void {
  if (!report || !suites.every((suite) => existsSync(reportOf(suite)))) return;
  const parts = suites.map((suite) => JSON.parse(readFileSync(reportOf(suite), 'utf8')) as Counts);
  const sum = COUNTS.map((name) => [name, parts.reduce((total, part) => total + part[name], 0)]);
  writeFileSync(report, JSON.stringify(Object.fromEntries(sum)));
  for (const suite of suites) rmSync(reportOf(suite));
}

if (!existsSync('dist/minik')) throw new Error('dist/minik is missing: npm run build');
const suites = (Object.keys(SUITES) as Suite[]).filter(isAsked);
if (suites.length === 0) throw new Error(`no test file's name contains ${filters.join(' or ')}`);
process.exitCode = Math.max(...suites.map(run));
writeReport(suites);
