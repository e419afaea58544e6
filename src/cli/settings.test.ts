import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UsageError } from './exit.ts';
import { apiFlags, commonFlags } from './flags.ts';
import { applySettings } from './settings.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'minik-settings-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function configFile(text: string): string {
  const path = join(dir, 'config.yaml');
  writeFileSync(path, text);
  return path;
}

/** What `minik server` ends up with: MINIK_CONFIG keeps the machine's own file out of the test. */
function settle(argv: string[], file: string, environment: Record<string, string> = {}): Record<string, unknown> {
  const root = new Command('minik');
  const server = new Command('server').action(() => {});
  for (const flag of [...commonFlags(), ...apiFlags(), new Option('--disable-agent')]) server.addOption(flag);
  const token = new Command('token').addCommand(new Command('create').addOption(new Option('--ttl <duration>')));
  root.addCommand(server).addCommand(token);
  server.exitOverride().configureOutput({ outputError: () => {} });
  root.parse(['server', ...argv], { from: 'user' });
  applySettings(server, { MINIK_CONFIG: configFile(file), ...environment });
  return server.opts();
}

describe('settings', () => {
  it('come from the flag, else the variable, else the file, else the default', () => {
    const file = 'https-listen-port: 1\nbind-address: 10.0.0.1\nlog-level: warn\n';
    const environment = { MINIK_HTTPS_LISTEN_PORT: '2', MINIK_BIND_ADDRESS: '10.0.0.2' };
    expect(settle(['--https-listen-port', '3'], file, environment)).toMatchObject({
      httpsListenPort: 3,
      bindAddress: '10.0.0.2',
      logLevel: 'warn',
      logFormat: 'text',
    });
  });

  it('take the flag even when it says what the default says', () => {
    expect(settle(['--log-level', 'info'], 'log-level: debug')).toMatchObject({ logLevel: 'info' });
  });

  it('take lists from YAML and from commas; a list replaces the default', () => {
    expect(settle([], 'tls-san: [a.example, b.example]').tlsSan).toEqual(['a.example', 'b.example']);
    expect(settle([], '', { MINIK_TLS_SAN: 'c.example, d.example' }).tlsSan).toEqual(['c.example', 'd.example']);
  });

  it('switch flags without a value on and off', () => {
    expect(settle([], 'disable-agent: true').disableAgent).toBe(true);
    expect(settle([], 'disable-agent: true', { MINIK_DISABLE_AGENT: '0' }).disableAgent).toBe(false);
  });

  it('ignore keys without a value and empty files', () => {
    expect(settle([], 'log-level:\n')).toMatchObject({ logLevel: 'info' });
    expect(settle([], '')).toMatchObject({ logLevel: 'info' });
  });

  it('may be those of another command, a nested one too, since all commands read one file', () => {
    expect(settle([], 'ttl: 1h')).not.toHaveProperty('ttl');
  });

  it.each([
    ['log-levle: debug', /unknown setting "log-levle"/],
    ['https-listen-port: 70000', /"https-listen-port" in .*: it must be a port number/],
    ['log-level: loud', /must be one of debug, info, warn, error/],
    ['disable-agent: perhaps', /"perhaps" is not true or false/],
    ['tls-san: { a: b }', /expected a value or a list of values/],
    ['- a\n- b', /must be a map/],
    ['a: [', /cannot read the config file/],
  ])('refuse %j in one sentence', (file, message) => {
    expect(() => settle([], file)).toThrow(UsageError);
    expect(() => settle([], file)).toThrow(message);
  });

  it('name the variable that holds a bad value', () => {
    expect(() => settle([], '', { MINIK_BIND_ADDRESS: 'here' })).toThrow(/^MINIK_BIND_ADDRESS: it must be an IP address/);
  });

  it('refuse a config file that is asked for and missing', () => {
    expect(() => settle([], '', { MINIK_CONFIG: join(dir, 'none.yaml') })).toThrow(/cannot read the config file/);
  });
});
