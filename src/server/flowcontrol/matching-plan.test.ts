import { describe, expect, it } from 'vitest';
import { defaultFlowSchemas, defaultPriorityLevels } from '../../api/flowcontrol/default-objects.ts';
import { divideSeats } from './limits-plan.ts';
import { compileSchemas, type FlowAttributes } from './matching-plan.ts';

const schemas = compileSchemas(defaultFlowSchemas());
const asked = (name: string, groups: string[], verb: string, what: string, namespace = ''): FlowAttributes => {
  const [resource = '', subresource = ''] = what.split('/');
  const [plural = '', ...group] = resource.split('.');
  const place = { group: group.join('.'), resource: plural, subresource, namespace };
  return { user: { name, groups: [...groups, 'system:authenticated'] }, verb, path: '/x', resource: place };
};
const schemaOf = (attributes: FlowAttributes) => schemas.find((schema) => schema.matches(attributes));

describe('the default flow schemas', () => {
  it.each([
    [asked('admin', ['system:masters'], 'get', 'pods', 'a'), 'exempt', ''],
    [asked('system:node:n', ['system:nodes'], 'update', 'nodes/status'), 'system-node-high', 'system:node:n'],
    [
      asked('system:node:n', ['system:nodes'], 'update', 'leases.coordination.k8s.io', 'kube-node-lease'),
      'system-node-high',
      'system:node:n',
    ],
    [asked('system:node:n', ['system:nodes'], 'list', 'pods'), 'system-nodes', 'system:node:n'],
    [
      asked('system:kube-scheduler', [], 'update', 'leases.coordination.k8s.io', 'kube-system'),
      'system-leader-election',
      'system:kube-scheduler',
    ],
    [asked('system:kube-controller-manager', [], 'list', 'pods', 'shop'), 'kube-controller-manager', 'shop'],
    [asked('system:serviceaccount:kube-system:dns', ['system:serviceaccounts'], 'list', 'pods'), 'kube-system-service-accounts', ''],
    [
      asked('system:serviceaccount:shop:cart', ['system:serviceaccounts'], 'list', 'pods'),
      'service-accounts',
      'system:serviceaccount:shop:cart',
    ],
    [asked('jane', [], 'list', 'pods'), 'global-default', 'jane'],
    [{ ...asked('jane', [], 'get', ''), path: '/readyz', resource: undefined }, 'probes', ''],
    [{ ...asked('jane', [], 'get', ''), path: '/version', resource: undefined }, 'global-default', 'jane'],
  ])('classify as upstream does (%#)', (attributes, name, distinguisher) => {
    expect(schemaOf(attributes)?.name).toBe(name);
    expect(schemaOf(attributes)?.distinguisher(attributes)).toBe(distinguisher);
  });

  it('are asked by precedence, then by name', () => {
    expect(schemas.map(({ name }) => name).slice(0, 2)).toEqual(['exempt', 'probes']);
    expect(schemas.at(-1)?.name).toBe('catch-all');
  });
});

it('tells cluster scope and namespaces apart, and prefixes of other paths', () => {
  const [schema] = compileSchemas([
    {
      metadata: { name: 's' },
      spec: {
        priorityLevelConfiguration: { name: 'x' },
        rules: [
          {
            subjects: [{ kind: 'User', user: { name: '*' } }],
            resourceRules: [{ verbs: ['get'], apiGroups: ['apps'], resources: ['deployments/scale'], namespaces: ['a'] }],
            nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['/debug/*'] }],
          },
        ],
      },
    },
  ]);
  expect(schema?.matches(asked('j', [], 'get', 'deployments.apps/scale', 'a'))).toBe(true);
  expect(schema?.matches(asked('j', [], 'get', 'deployments.apps', 'a'))).toBe(false);
  expect(schema?.matches(asked('j', [], 'get', 'deployments.apps/scale', 'b'))).toBe(false);
  expect(schema?.matches(asked('j', [], 'get', 'deployments.apps/scale'))).toBe(false);
  expect(schema?.matches({ ...asked('j', [], 'post', ''), path: '/debug/x', resource: undefined })).toBe(true);
});

it('divides seats by shares, rounding up, and says what may be lent and borrowed', () => {
  const limits = new Map(divideSeats(defaultPriorityLevels(), 600).map((level) => [level.name, level]));
  // 245 shares in all (Kubernetes: "API Priority and Fairness", defaults).
  expect(limits.get('workload-low')).toMatchObject({ nominal: 245, lower: 24, upper: 600 });
  expect(limits.get('leader-election')).toMatchObject({ nominal: 25, lower: 25 });
  expect(limits.get('catch-all')).toMatchObject({ nominal: 13, queuing: undefined });
  expect(limits.get('exempt')).toMatchObject({ exempt: true, nominal: 0 });
  const bounded = {
    metadata: { name: 'b' },
    spec: { type: 'Limited', limited: { nominalConcurrencyShares: 10, borrowingLimitPercent: 50 } },
  };
  expect(divideSeats([bounded], 10)).toMatchObject([{ nominal: 10, lower: 10, upper: 15 }]);
});
