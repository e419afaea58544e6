import { expect, it } from 'vitest';
import { registry } from '../index.ts';
import { typeCheckingWarnings } from './type-checking.ts';

const rule = (more: object = {}) => ({
  apiGroups: ['apps'],
  apiVersions: ['v1'],
  operations: ['CREATE'],
  resources: ['deployments'],
  ...more,
});
const warnings = (validations: object[], more: object = {}) =>
  typeCheckingWarnings(
    { spec: { matchConstraints: { resourceRules: [rule()] }, validations: validations as { expression: string }[], ...more } },
    registry,
  );

it('warns of the example in the documentation', () => {
  expect(warnings([{ expression: 'object.replicas > 1' }])).toEqual([
    {
      fieldRef: 'spec.validations[0].expression',
      warning: "apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'replicas'\n | object.replicas > 1\n | ......^\n",
    },
  ]);
});

it('warns for each kind, in order, also about messages', () => {
  const constraints = { matchConstraints: { resourceRules: [rule({ resources: ['replicasets', 'deployments', 'deployments/scale'] })] } };
  const found = warnings([{ expression: 'object.spec.replicas > 1', messageExpression: "object.spec.replicas + 'x'" }], constraints);
  expect(found.map(({ fieldRef }) => fieldRef)).toEqual(['spec.validations[0].messageExpression']);
  expect(found[0]?.warning).toMatch(/^apps\/v1, Kind=Deployment: ERROR.*\n.*\n.*\n\napps\/v1, Kind=ReplicaSet: ERROR/);
});

it('knows the types of variables and parameters', () => {
  const more = { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, variables: [{ name: 'n', expression: 'object.spec.replicas' }] };
  expect(
    warnings(
      [{ expression: "variables.n > 1 && params.data.x == 'y' && object.metadata.creationTimestamp < timestamp('2030-01-01T00:00:00Z')" }],
      more,
    ),
  ).toEqual([]);
  expect(warnings([{ expression: "variables.n == 'x'" }, { expression: 'params.spec.x' }], more).map(({ fieldRef }) => fieldRef)).toEqual([
    'spec.validations[0].expression',
    'spec.validations[1].expression',
  ]);
});

it('does not check what is named by wildcards', () => {
  expect(warnings([{ expression: 'object.nope > 1' }], { matchConstraints: { resourceRules: [rule({ apiGroups: ['*'] })] } })).toEqual([]);
});

it('reads quantities, ports and types that contain themselves', () => {
  const expression = "object.spec.template.spec.containers.all(c, c.resources.limits.cpu != '1' && c.ports.all(p, p.containerPort > 0))";
  expect(warnings([{ expression }])).toEqual([]);
});
