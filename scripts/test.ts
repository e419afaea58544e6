/** Runs every check in order and sums the tests up. A step that is not a test suite counts as one test. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}
const reports = mkdtempSync(join(tmpdir(), 'minik-test-'));

function run(title: string, command: string[], environment: NodeJS.ProcessEnv = {}): boolean {
  process.stdout.write(`\n==> ${title}\n`);
  const started = performance.now();
  const { status } = spawnSync(command[0] ?? '', command.slice(1), {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...environment },
  });
  process.stdout.write(`    ${status === 0 ? 'ok' : 'FAILED'} after ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  return status === 0;
}

const check = (title: string, script: string): Count => {
  const ok = run(title, ['npm', 'run', '-s', script]);
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
};

/** A vitest run: counts come from its JSON report; a run that wrote none failed as a whole. */
function suite(title: string, command: string[]): Count {
  const report = join(reports, `${title.replaceAll(' ', '-')}.json`);
  const ok = run(title, command, { MINIK_TEST_REPORT: report });
  try {
    const json = JSON.parse(readFileSync(report, 'utf8')) as {
      numPassedTests: number;
      numFailedTests: number;
      numPendingTests: number;
      numTodoTests: number;
    };
    const failed = json.numFailedTests + (!ok && json.numFailedTests === 0 ? 1 : 0);
    return { passed: json.numPassedTests, failed, skipped: json.numPendingTests + json.numTodoTests };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

const counts: Count[] = [check('generate', 'generate'), check('types', 'typecheck'), check('lint', 'lint'), check('layer rules', 'layers')];
counts.push(suite('unit tests', ['npm', 'run', '-s', 'unit']));
const built = check('build', 'build');
counts.push(built);
if (built.failed === 0) counts.push(suite('end-to-end tests', ['npm', 'run', '-s', 'e2e']));
rmSync(reports, { recursive: true, force: true });

const total = counts.reduce((a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }));
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exitCode = total.failed === 0 ? 0 : 1;
