import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { resourceId } from '../src/api/define.ts';
import { registry } from '../src/api/index.ts';
import * as flags from '../src/cli/flags.ts';

const root = new URL('..', import.meta.url).pathname;
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const codes = (text: string) => [...text.matchAll(/(?<!`)`([^`\n]+)`(?!`)/g)].map((match) => match[1] ?? '');

describe('the README', () => {
  it('lists the kinds that are stored only, and no other', () => {
    const [, listed = ''] = /<!-- stored-only[^>]*-->([\s\S]*?)<!-- \/stored-only -->/.exec(read('README.md')) ?? [];
    const storedOnly = registry.all.filter((definition) => definition.behaviour === 'stored-only').map(resourceId);
    expect(codes(listed).sort()).toEqual([...new Set(storedOnly)].sort());
  });
});

describe('docs/conformance.md', () => {
  const rows = [...read('docs/conformance.md').matchAll(/^\| .* \| `([^`]+)`: (.+) \|$/gm)].map(([, file = '', title = '']) => ({
    file,
    title,
  }));
  const files = [...new Set(rows.map(({ file }) => file))];
  it.each(files)('names tests that %s has', (file) => {
    const text = read(file);
    expect(rows.filter((row) => row.file === file && !text.includes(row.title))).toEqual([]);
  });
  it('says of every test of upstream what covers it', () => {
    const listed = read('docs/conformance.md').match(/^\| (?!upstream|---).*\|$/gm) ?? [];
    const missing = listed.filter((row) => row.endsWith('| missing |'));
    expect(listed.length).toBe(rows.length + missing.length);
    expect(rows.length).toBeGreaterThan(0);
  });
});

interface Described {
  readonly commands: readonly string[];
  readonly flags: readonly string[];
}

function describeCommand(command: Command, parent: string): Described {
  const name = `${parent} ${command.name()}`;
  const children = command.commands.map((child) => describeCommand(child, name));
  return {
    commands: children.length > 0 ? children.flatMap((child) => child.commands) : [name],
    flags: [...command.options.map((option) => option.long ?? ''), ...children.flatMap((child) => child.flags)],
  };
}

async function builtCommands(): Promise<Described> {
  const files = readdirSync(join(root, 'src/cli/commands')).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
  const modules = await Promise.all(
    files.map((file) => import(/* @vite-ignore */ join(root, 'src/cli/commands', file)) as Promise<Record<string, () => Command>>),
  );
  const makers = modules.flatMap((module) => Object.entries(module).filter(([name]) => name.endsWith('Command')));
  const all = makers.map(([, make]) => describeCommand(make(), 'minik'));
  return { commands: all.flatMap((one) => one.commands), flags: all.flatMap((one) => one.flags) };
}

describe('docs/cli.md', () => {
  const described = codes(read('docs/cli.md'));

  it('names every command', async () => {
    const { commands } = await builtCommands();
    expect(commands.filter((command) => !described.includes(command))).toEqual([]);
  });

  it('describes every flag, and none that is not there', async () => {
    const { flags: built } = await builtCommands();
    const groups = Object.values(flags).filter((value) => typeof value === 'function');
    const known = new Set([...built, ...groups.flatMap((group) => group().map((option) => option.long ?? ''))]);
    const named = described.filter((code) => /^--[a-z0-9-]+$/.test(code));
    expect([...new Set(built)].filter((flag) => !named.includes(flag))).toEqual([]);
    expect(named.filter((flag) => !known.has(flag))).toEqual([]);
  });
});

describe('docs/dependencies.md', () => {
  it('has a line for every package in package.json', () => {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read('package.json')) as Record<string, object>;
    const text = read('docs/dependencies.md');
    const named = new Set([...text.matchAll(/^\| ([^|]+) \|/gm)].flatMap((match) => (match[1] ?? '').split(', ')));
    const packages = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
    expect(packages.filter((name) => !named.has(name))).toEqual([]);
    expect([...named].filter((name) => /^[@a-z]/.test(name) && name !== 'package' && !packages.includes(name))).toEqual([]);
  });
});

describe('links between documents', () => {
  const adrs = readdirSync(join(root, 'docs/adr')).map((name) => `docs/adr/${name}`);
  const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  const documents = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...pages.map((name) => `docs/${name}`), ...adrs];
  it.each(documents)('lead somewhere: %s', (document) => {
    const links = [...read(document).matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1] ?? '');
    expect(links.filter((link) => !existsSync(join(root, dirname(document), link)))).toEqual([]);
  });
});
