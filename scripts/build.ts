/**
 * Builds dist/minik: one executable that holds Node, the bundle, SQLite's native code and the API's descriptions.
 * esbuild makes one file of the sources; Node's single-executable support and postject put it into a copy of Node.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { memoryFlags, nodeFlags } from './lib/node-flags.ts';

const require = createRequire(import.meta.url);
const root = new URL('..', import.meta.url).pathname;
const dist = join(root, 'dist');
const sentinel = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
/** Our own Node: pinned in package.json, whatever PATH has. */
const node = join(dirname(require.resolve(`node-linux-${process.arch}/package.json`)), 'bin/node');

const shared = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node26',
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: false,
  legalComments: 'none',
  logLevel: 'warning',
  /** Bundled code has no file of its own: what it needs from disk comes from the assets. */
  define: { 'import.meta.url': '"file:///minik/bundle.js"' },
} as const;

mkdirSync(dist, { recursive: true });
await build({ ...shared, entryPoints: [join(root, 'src/cli/main.ts')], outfile: join(dist, 'minik.cjs') });
escapeRegExps(join(dist, 'minik.cjs'));
await build({ ...shared, entryPoints: [join(root, 'src/store/sqlite/worker.ts')], outfile: join(dist, 'sqlite-worker.js') });

const config = {
  main: join(dist, 'minik.cjs'),
  output: join(dist, 'minik.blob'),
  disableExperimentalSEAWarning: true,
  useCodeCache: true,
  execArgv: nodeFlags,
  assets: {
    'sqlite-worker.js': join(dist, 'sqlite-worker.js'),
    'better_sqlite3.node': join(dirname(require.resolve('better-sqlite3/package.json')), `prebuilds/linux-${process.arch}.node`),
    'descriptions.json': join(root, 'src/api/schema/generated/descriptions.json'),
    'enums.json': join(root, 'src/api/schema/generated/enums.json'),
  },
};
writeFileSync(join(dist, 'sea.json'), JSON.stringify(config));
// With the same flags: V8 refuses code that was compiled under others.
quietly(node, [...memoryFlags, '--experimental-sea-config', join(dist, 'sea.json')]);

/** esbuild leaves what is not ASCII in regular expressions: a few letters there, and V8 would keep the whole bundle in two bytes a letter. */
function escapeRegExps(file: string): void {
  const escaped = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
  writeFileSync(file, readFileSync(file, 'utf8').replace(/[^\0-\x7f]/g, escaped));
}

/** A running minik keeps its old file: build beside it, then rename. */
const target = join(dist, 'minik.new');
copyFileSync(node, target);
chmodSync(target, 0o755);
try {
  execFileSync('strip', ['--strip-all', target], { stdio: 'ignore' });
} catch {
  // binutils are not there: the executable is larger, nothing else.
}
/** Both tools warn about sections that do not matter here: what they say is shown when they fail. */
function quietly(file: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${file} ${args[0]}: ${stderr}`);
}
quietly(node, [require.resolve('postject/dist/cli.js'), target, 'NODE_SEA_BLOB', join(dist, 'minik.blob'), '--sentinel-fuse', sentinel]);
renameSync(target, join(dist, 'minik'));
rmSync(join(dist, 'minik.blob'));
process.stdout.write(`built dist/minik\n`);
