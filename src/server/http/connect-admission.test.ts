import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { registry } from '../../api/index.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import type { ApiRequest } from '../../api/transport.ts';
import { admissionChain } from '../admission/chain.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../ports.ts';
import { admittedStreams } from './connect-admission.ts';

const seen: AdmissionRequest[] = [];
async function connect(name: string, path: string, plugin: Partial<AdmissionPlugin>): Promise<URL | undefined> {
  seen.length = 0;
  let handled: URL | undefined;
  const [resource = '', subresource = ''] = name.split('/');
  const spy: AdmissionPlugin = {
    name: 'Spy',
    mutate: (request) => void seen.push({ ...request, object: structuredClone(request.object) }),
  };
  const admission = admissionChain([spy, { name: 'Plugin', ...plugin }]);
  const handle = async ({ url }: { url: URL }) => {
    handled = url;
  };
  const definition = registry.find.bind(registry);
  const streams = admittedStreams({ [name]: { handle } }, { admission, definition });
  const request: ApiRequest = { verb: 'get', group: '', version: 'v1', resource, subresource, namespace: 'a', name: 'p' };
  const context = { user: { name: 'me', groups: [] }, signal: new AbortController().signal, warn: () => {} };
  const url = new URL(path, 'https://server');
  await streams[name]?.handle({ request, context, raw: {} as IncomingMessage, url, reply: undefined, upgrade: undefined });
  return handled;
}

describe('a connection', () => {
  it.each([
    [
      'pods/exec',
      '/x?command=sh&command=-c&stdin=1&stdout=true&tty=false&container=c',
      { kind: 'PodExecOptions', apiVersion: 'v1', stdin: true, stdout: true, container: 'c', command: ['sh', '-c'] },
    ],
    ['pods/attach', '/x?stderr=1', { kind: 'PodAttachOptions', apiVersion: 'v1', stderr: true }],
    ['pods/portforward', '/x?ports=80&ports=443', { kind: 'PodPortForwardOptions', apiVersion: 'v1', ports: [80, 443] }],
    [
      'services/proxy',
      '/api/v1/namespaces/a/services/p/proxy/deep/path?q=1',
      { kind: 'ServiceProxyOptions', apiVersion: 'v1', path: '/deep/path' },
    ],
  ])('to %s is admitted as its options', async (name, path, object) => {
    const url = await connect(name, path, {});
    expect(seen).toMatchObject([{ operation: 'CONNECT', object, request: { name: 'p', namespace: 'a' } }]);
    expect(seen[0]?.object).toEqual(object);
    expect(`${url?.pathname}${url?.search}`).toBe(path);
  });

  it('is not made when a plugin refuses', async () => {
    const refuse = () => {
      throw new Error('no');
    };
    await expect(connect('pods/exec', '/x?command=sh', { validate: refuse })).rejects.toThrow('no');
  });

  it('is made as the plugins have it', async () => {
    const mutate = ({ object }: AdmissionRequest) =>
      void Object.assign(object as KubeObject, { container: 'safe', command: ['id'], tty: true });
    expect((await connect('pods/exec', '/x?command=sh&stdin=1', { mutate }))?.search).toBe(
      '?stdin=true&tty=true&container=safe&command=id',
    );
  });

  it('that only reads is not asked about', async () => {
    await connect('pods/log', '/x?follow=1', {});
    expect(seen).toEqual([]);
  });
});
