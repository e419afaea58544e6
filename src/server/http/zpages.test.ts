import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { answerZpage, flagsPage, statusPage } from './zpages.ts';

const START = Date.UTC(2026, 0, 2, 3, 4, 5);
const status = statusPage({
  startedAtMs: START,
  nowMs: () => START + 3_723_000,
  gitVersion: 'v1.36.2+minik.0.1.0',
  goVersion: 'node24.0.0',
  paths: () => [
    '/api',
    '/api/v1',
    '/apis/apps',
    '/livez',
    '/livez/ping',
    '/healthz',
    '/openapi/v2',
    '/.well-known/openid-configuration',
    '/',
  ],
});
const flags = flagsPage({ 'https-listen-port': '6443', disable: '[agent]' });
const as = (type: string, version: string, kind = 'Statusz', group = 'config.k8s.io') => `${type};v=${version};g=${group};as=${kind}`;

describe('pages on which the server tells of itself', () => {
  it.each([undefined, '', 'text/plain', '*/*', 'text/*', 'application/json, text/plain;q=0.1'])('are text for %s', async (accept) => {
    const answer = answerZpage(status, accept);
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await answer.text()).toBe(`
apiserver statusz
Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.

Started: Fri Jan  2 03:04:05 UTC 2026
Up: 1 hr 02 min 03 sec
Go version: node24.0.0
Binary version: 1.36.2+minik.0.1.0
Emulation version: 1.36
Paths: /healthz /livez
`);
  });

  it('are objects of config.k8s.io for who asks for them, with a warning in the old version', async () => {
    const answer = answerZpage(status, as('application/json', 'v1beta1'));
    expect(await answer.json()).toEqual({
      kind: 'Statusz',
      apiVersion: 'config.k8s.io/v1beta1',
      metadata: { name: 'apiserver' },
      startTime: '2026-01-02T03:04:05Z',
      uptimeSeconds: 3723,
      goVersion: 'node24.0.0',
      binaryVersion: '1.36.2+minik.0.1.0',
      emulationVersion: '1.36',
      paths: ['/healthz', '/livez'],
    });
    expect(answer.headers.get('warning')).toBeNull();
    const old = answerZpage(flags, as('application/yaml', 'v1alpha1', 'Flagz'));
    expect(parse(await old.text())).toMatchObject({
      apiVersion: 'config.k8s.io/v1alpha1',
      flags: { disable: '[agent]', 'https-listen-port': '6443' },
    });
    expect(old.headers.get('warning')).toBe('299 - "This version of the flagz endpoint is deprecated. Please use a newer version."');
  });

  it('list flags by name', async () => {
    expect(await answerZpage(flags, undefined).text()).toMatch(/\ndisable=\[agent\]\nhttps-listen-port=6443\n$/);
  });

  it.each([
    'application/json',
    'application/xml',
    as('application/json', 'v1'),
    as('application/json', 'v1beta1', 'Flagz'),
    as('text/plain', 'v1beta1'),
  ])('are not to be had as %s', async (accept) => {
    const answer = answerZpage(status, accept);
    expect(answer.status).toBe(406);
    expect(await answer.json()).toMatchObject({
      reason: 'NotAcceptable',
      message: 'only the following media types are accepted: application/json, application/yaml, text/plain',
    });
  });
});
