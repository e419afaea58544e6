import { expect, it } from 'vitest';
import { customResourceDefinitionHooks } from '../../api/apiextensions/crd-hooks.ts';
import { validateCrd } from '../../api/apiextensions/crd-validation.ts';
import { definitionsOf } from '../../api/apiextensions/custom-resource.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { routes } from './fake-routes.ts';

const context = { now: '2026-01-01T00:00:00Z', user: { name: 'me', groups: [] }, subresource: '' };

function route(spec: object): KubeObject {
  return { apiVersion: 'gateway.example.com/v1', kind: 'Route', metadata: { name: 'r' }, spec } as KubeObject;
}

function kind() {
  const crd = routes();
  crd.status = { storedVersions: ['v1'], conditions: [{ type: 'Established', status: 'True' }] };
  const [definition] = definitionsOf(crd);
  if (!definition) throw new Error('not served');
  const { hooks } = definition;
  return (object: KubeObject) => {
    hooks.decode?.(object);
    hooks.defaults?.(object);
    return { object, findings: hooks.validateCreate?.(object, context).map(({ path, message }) => `${path}: ${message}`) };
  };
}

it('a definition as large as those of the Gateway API is valid, its rules included', () => {
  const crd = routes();
  customResourceDefinitionHooks.defaults?.(crd);
  crd.status = { storedVersions: ['v1'] };
  expect(validateCrd(crd)).toEqual([]);
});

it('its objects get defaults at every depth', () => {
  const { object, findings } = kind()(route({ parentRefs: [{ name: 'gw' }], rules: [{ backendRefs: [{ name: 'web', port: 80 }] }] }));
  expect(findings).toEqual([]);
  expect(object).toMatchObject({
    spec: {
      parentRefs: [{ group: 'gateway.example.com', kind: 'Gateway', name: 'gw' }],
      rules: [{ matches: [{ path: { type: 'PathPrefix', value: '/' } }], backendRefs: [{ group: '', kind: 'Service', weight: 1 }] }],
    },
  });
});

it('its rules find what a schema cannot say', () => {
  const rules = [
    {
      matches: [{ path: { type: 'Exact', value: 'a//b' } }],
      filters: [{ type: 'RequestRedirect', requestHeaderModifier: { add: [{ name: 'a', value: 'b' }] } }],
      backendRefs: [{ name: 'web' }],
      timeouts: { request: '1s', backendRequest: '2s' },
    },
  ];
  expect(kind()(route({ rules })).findings).toEqual([
    "spec.rules[0].matches[0].path: Invalid value: value must be an absolute path and start with '/'",
    "spec.rules[0].matches[0].path: Invalid value: must not contain '//'",
    'spec.rules[0].filters[0]: Invalid value: filter.requestHeaderModifier must be nil if the filter.type is not RequestHeaderModifier',
    'spec.rules[0].filters[0]: Invalid value: filter.requestRedirect must be specified for RequestRedirect filter.type',
    'spec.rules[0].backendRefs[0]: Invalid value: Must have port for Service reference',
    'spec.rules[0].timeouts: Invalid value: backendRequest timeout cannot be longer than request timeout',
  ]);
});
