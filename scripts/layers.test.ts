import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Rule {
  readonly name: string;
  readonly comment: string;
}
interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}

const root = new URL('..', import.meta.url).pathname;
const { scripts } = createRequire(import.meta.url)(join(root, 'package.json')) as { scripts: { layers: string } };
const CONFIG = '.dependency-cruiser.cjs';
const { forbidden: rules } = createRequire(import.meta.url)(join(root, CONFIG)) as { forbidden: readonly Rule[] };

/** The rules about outside packages carry their owners in the name: `only-cli-imports-pino`. */
const shortName = (rule: string) => rule.replace(/^only-.*-imports-/, 'imports-');

/** For each rule: a file, and what it imports although it must not. */
const OFFENCES: Readonly<Record<string, readonly [file: string, imports: string]>> = {
  'base-is-the-floor': ['src/base/a.ts', 'src/api/kind.ts'],
  'api-is-pure-data': ['src/api/a.ts', 'src/client/verbs.ts'],
  'store-knows-no-kinds': ['src/store/a.ts', 'src/api/kind.ts'],
  'client-below-everyone': ['src/client/a.ts', 'src/server/door.ts'],
  'controllers-are-api-clients': ['src/controllers/web/a.ts', 'src/store/port.ts'],
  'scheduler-is-an-api-client': ['src/scheduler/a.ts', 'src/server/door.ts'],
  'server-never-imports-its-clients': ['src/server/a.ts', 'src/client/verbs.ts'],
  'runtime-stands-alone': ['src/runtime/a.ts', 'src/api/kind.ts'],
  'agent-is-remote': ['src/agent/a.ts', 'src/server/door.ts'],
  'nobody-imports-cli': ['src/agent/b.ts', 'src/cli/wire.ts'],
  'controllers-are-strangers': ['src/controllers/web/b.ts', 'src/controllers/disk/disk.ts'],
  'plugins-are-strangers': ['src/scheduler/plugins/first.ts', 'src/scheduler/plugins/second.ts'],
  'plans-do-no-io': ['src/agent/io-plan.ts', 'node:fs'],
  'plans-import-plans': ['src/agent/acting-plan.ts', 'src/agent/host.ts'],
  'api-does-no-io': ['src/api/b.ts', 'node:fs'],
  'fakes-stay-in-tests': ['src/client/b.ts', 'src/client/fake-client.ts'],
  'no-deep-backends': ['src/cli/a.ts', 'src/store/sqlite/database.ts'],
  'no-cycles': ['src/base/egg.ts', 'src/base/hen.ts'],
  'imports-better-sqlite3': ['src/store/b.ts', 'better-sqlite3'],
  'imports-hono': ['src/server/b.ts', 'hono'],
  'imports--grpc-grpc-js': ['src/runtime/b.ts', '@grpc/grpc-js'],
  'imports--marcbachmann-cel-js': ['src/api/c.ts', '@marcbachmann/cel-js'],
  'imports--noble-ciphers': ['src/server/e.ts', '@noble/ciphers'],
  'imports-croner': ['src/controllers/disk/e.ts', 'croner'],
  'imports-diff': ['src/api/d.ts', 'diff'],
  'imports-execa': ['src/agent/c.ts', 'execa'],
  'imports-commander': ['src/server/c.ts', 'commander'],
  'imports-pino': ['src/server/d.ts', 'pino'],
};

/** A tree that keeps to the rules: everything that the offenders import, and imports that look forbidden and are not. */
const CLEAN: Readonly<Record<string, readonly string[]>> = {
  'src/base/hen.ts': [],
  'src/api/kind.ts': ['src/base/hen.ts'],
  'src/api/meta/difference.ts': ['diff'],
  'src/api/cel/compile.ts': ['@marcbachmann/cel-js'],
  'src/server/encryption/secretbox.ts': ['@noble/ciphers'],
  'src/store/port.ts': ['src/base/hen.ts'],
  'src/store/open.ts': ['src/store/sqlite/database.ts'],
  'src/store/sqlite/database.ts': ['better-sqlite3', 'node:fs'],
  'src/client/verbs.ts': ['src/api/kind.ts'],
  'src/client/fake-client.ts': ['src/client/verbs.ts'],
  'src/client/verbs.test.ts': ['src/client/fake-client.ts'],
  'src/controllers/cronjob/due-times.ts': ['croner'],
  'src/controllers/lib/owner.ts': ['src/client/verbs.ts'],
  'src/controllers/disk/disk.ts': ['src/controllers/lib/owner.ts'],
  'src/scheduler/framework.ts': ['src/api/kind.ts'],
  'src/scheduler/plugins/second.ts': ['src/scheduler/framework.ts'],
  'src/server/door.ts': ['src/store/port.ts'],
  'src/server/http/app.ts': ['hono'],
  'src/runtime/containerd/cri.ts': ['@grpc/grpc-js'],
  'src/agent/host.ts': ['src/client/verbs.ts'],
  'src/agent/host/spawn.ts': ['execa'],
  'src/agent/pure-plan.ts': ['src/api/kind.ts', 'src/agent/other-plan.ts'],
  'src/agent/other-plan.ts': [],
  'src/cli/wire.ts': ['src/server/door.ts', 'src/agent/host.ts', 'src/store/open.ts', 'commander', 'pino'],
};

const specifier = (file: string, target: string): string =>
  target.startsWith('src/') ? `${'../'.repeat(dirname(file).split('/').length)}${target}` : target;

function write(tree: string, file: string, imports: readonly string[]): void {
  mkdirSync(join(tree, dirname(file)), { recursive: true });
  const lines = imports.map((target, index) => `import * as m${index} from '${specifier(file, target)}';\nvoid m${index};\n`);
  writeFileSync(join(tree, file), `${lines.join('')}export const here = 1;\n`);
}

function makeTree(tree: string): void {
  mkdirSync(tree);
  for (const file of [CONFIG, 'tsconfig.json', 'package.json']) copyFileSync(join(root, file), join(tree, file));
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  for (const [file, imports] of Object.entries(CLEAN)) write(tree, file, imports);
}

/** What `npm run layers` runs, on another tree. Later flags win. */
function layers(tree: string, ...flags: string[]): { status: number | null; output: string } {
  const [, ...script] = scripts.layers.split(' ');
  const { status, stdout, stderr } = spawnSync(process.execPath, [...script, ...flags], { cwd: tree, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

describe('npm run layers', () => {
  const directory = mkdtempSync(join(tmpdir(), 'minik-layers-'));
  const good = join(directory, 'good');
  const bad = join(directory, 'bad');
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  beforeAll(() => {
    makeTree(good);
    makeTree(bad);
    for (const [file, target] of Object.values(OFFENCES)) write(bad, file, [target]);
    write(bad, 'src/base/hen.ts', ['src/base/egg.ts']);
  });

  it('passes a tree that keeps to the rules', () => {
    expect(layers(good)).toMatchObject({ status: 0 });
  });

  it('knows an offence against every rule', () => {
    expect(Object.keys(OFFENCES).sort()).toEqual(rules.map((rule) => shortName(rule.name)).sort());
  });

  it('fails a tree that breaks the rules, with the name and the sentence of each', () => {
    const { status, output } = layers(bad);
    expect(status).not.toBe(0);
    for (const rule of rules) {
      expect(output).toContain(`error ${rule.name}: `);
      expect(output.replace(/\s+/g, ' ')).toContain(rule.comment);
    }
  });

  it('blames the import that breaks the rule', () => {
    const { output } = layers(bad, '--output-type', 'json');
    const { violations } = (JSON.parse(output) as { summary: { violations: readonly Violation[] } }).summary;
    for (const [name, [file, target]] of Object.entries(OFFENCES)) {
      const blamed = violations.filter((violation) => shortName(violation.rule.name) === name && violation.from === file);
      const end = target.replace(/^node:/, '');
      expect(
        blamed.filter(({ to }) => to === end || to.includes(`node_modules/${end}/`)),
        `${name}: ${file} -> ${target}`,
      ).toHaveLength(1);
    }
  });
});
