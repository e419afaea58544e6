import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { MINIK } from './support/cluster.ts';
import { withoutMinikSettings } from './support/environment.ts';

const directory = mkdtempSync(join(tmpdir(), 'minik-cli-'));
afterAll(() => rmSync(directory, { recursive: true }));

function minik(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(MINIK, args, {
    encoding: 'utf8',
    timeout: 20_000,
    env: { ...withoutMinikSettings(), ...env },
  });
  return { status, stdout, stderr };
}
/** kubectl's second line is welcome: where to read more. */
const oneSentence = (pattern: RegExp) => ({
  status: 2,
  stdout: '',
  stderr: expect.stringMatching(new RegExp(`^error: [^\\n]*${pattern.source}[^\\n]*\\n(See 'minik[^\\n]*' for usage\\.\\n)?$`)),
});

test('a wrong flag, a wrong value or a wrong command is one sentence and exit code 2', () => {
  expect(minik(['server', '--nope'])).toEqual(oneSentence(/--nope/));
  expect(minik(['server', '--https-listen-port', 'x'])).toEqual(oneSentence(/port/));
  expect(minik(['server', '--cluster-cidr', '10.0.0.0/99'])).toEqual(oneSentence(/cluster-cidr/));
  expect(minik(['nope'])).toEqual(oneSentence(/nope/));
});

test('a data directory that cannot be used is one sentence and exit code 2', () => {
  const file = join(directory, 'file');
  writeFileSync(file, '');
  expect(minik(['server', '--disable-agent', '--data-dir', file])).toEqual(oneSentence(/data directory .*file/));
  const readOnly = join(directory, 'read-only');
  mkdirSync(readOnly);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', readOnly]);
  try {
    expect(minik(['server', '--disable-agent', '--data-dir', join(readOnly, 'data')])).toEqual(oneSentence(/read-only/));
  } finally {
    execFileSync('umount', [readOnly]);
  }
});

test('a data directory that another minik uses is refused', () => {
  const dataDir = process.env.MINIK_E2E_DATA_DIR ?? '';
  expect(minik(['server', '--disable-agent', '--https-listen-port', '7443', '--data-dir', dataDir])).toEqual(
    oneSentence(/in use by another minik/),
  );
});

test('settings come from MINIK_* variables and a config file, wrong ones are refused by name', () => {
  expect(minik(['server', '--disable-agent'], { MINIK_HTTPS_LISTEN_PORT: 'many' })).toEqual(oneSentence(/MINIK_HTTPS_LISTEN_PORT/));
  const config = join(directory, 'config.yaml');
  writeFileSync(config, 'no-such-setting: 1\n');
  expect(minik(['server', '--config', config])).toEqual(oneSentence(/no-such-setting/));
  expect(minik(['server', '--config', join(directory, 'absent.yaml')])).toEqual(oneSentence(/absent\.yaml/));
});

test('help tells of every command and flag, version of the release', () => {
  const { status, stdout } = minik(['--help']);
  expect(status).toBe(0);
  for (const command of ['server', 'agent', 'dev', 'token', 'version', 'images', 'uninstall']) expect(stdout).toContain(command);
  const server = minik(['server', '--help']).stdout;
  for (const flag of ['--data-dir', '--https-listen-port', '--cluster-cidr', '--disable-agent', '--write-kubeconfig'])
    expect(server).toContain(flag);
  // Nothing of V8, which says so when it refuses the code that was compiled ahead.
  expect(minik(['version'])).toMatchObject({ status: 0, stdout: expect.stringContaining('1.36'), stderr: '' });
});
