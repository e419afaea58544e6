/**
 * Runs the end-to-end suite: real kubectl against dist/minik on real containerd, in a closed box (lib/closed-box.ts).
 * Arguments go to vitest (file name filters).
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { runInClosedBox } from './lib/closed-box.ts';

if (!existsSync('dist/minik')) throw new Error('dist/minik is missing: npm run build');
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const command = [process.execPath, vitest, 'run', '--config', 'vitest.e2e.config.ts', ...process.argv.slice(2)];
process.exitCode = runInClosedBox(command, { MINIK_E2E: '1' });
