import { expect, it } from 'vitest';
import { parseResourcePath } from './resource-path.ts';

const parse = (path: string) => {
  const { watch: _, ...rest } = parseResourcePath(path) ?? { watch: false };
  return rest;
};

it('reads paths of the core group and of named groups', () => {
  expect(parse('/api/v1/namespaces/a/pods/p/log')).toEqual({
    group: '',
    version: 'v1',
    namespace: 'a',
    resource: 'pods',
    name: 'p',
    subresource: 'log',
  });
  expect(parse('/apis/apps/v1/deployments')).toEqual({ group: 'apps', version: 'v1', resource: 'deployments' });
  expect(parse('/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node')).toMatchObject({
    resource: 'clusterroles',
    name: 'system:node',
  });
});

it('knows a namespace from what is in it', () => {
  expect(parse('/api/v1/namespaces')).toEqual({ group: '', version: 'v1', resource: 'namespaces' });
  expect(parse('/api/v1/namespaces/a')).toMatchObject({ resource: 'namespaces', name: 'a' });
  expect(parse('/api/v1/namespaces/a/finalize')).toMatchObject({ resource: 'namespaces', name: 'a', subresource: 'finalize' });
  expect(parse('/api/v1/namespaces/a/pods')).toEqual({ group: '', version: 'v1', namespace: 'a', resource: 'pods' });
});

it('keeps what follows a proxy subresource', () => {
  expect(parse('/api/v1/namespaces/a/services/s/proxy/x/y')).toMatchObject({ subresource: 'proxy', rest: '/x/y' });
});

it('leaves discovery and unknown paths to others', () => {
  for (const path of ['/', '/api', '/api/v1', '/apis/apps/v1', '/healthz']) expect(parseResourcePath(path)).toBeUndefined();
});
