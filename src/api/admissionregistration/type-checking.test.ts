import { expect, it } from 'vitest';
import { definitionsOf } from '../apiextensions/custom-resource.ts';
import { registry } from '../index.ts';
import { buildRegistry } from '../registry.ts';
import type { CustomResourceDefinition } from '../schema/generated/types.ts';
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

it('checks custom kinds by the schema of the version that a rule names', () => {
  const cronTab = (version: string, spec: object) => ({
    name: version,
    served: true,
    storage: version === 'v1',
    schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: spec } } } },
  });
  const definitions = definitionsOf({
    spec: {
      group: 'stable.example.com',
      scope: 'Namespaced',
      names: { plural: 'crontabs', kind: 'CronTab' },
      versions: [
        cronTab('v1', { replicas: { type: 'integer' } }),
        cronTab('v2', { replicas: { type: 'integer' }, maxRetries: { type: 'integer' } }),
      ],
    },
    status: { conditions: [{ type: 'Established', status: 'True' }] },
  } as CustomResourceDefinition);
  const found = (apiVersion: string) =>
    typeCheckingWarnings(
      {
        spec: {
          matchConstraints: {
            resourceRules: [rule({ apiGroups: ['stable.example.com'], apiVersions: [apiVersion], resources: ['crontabs'] })],
          },
          validations: [
            { expression: "object.spec.replicas > '1'" },
            { expression: 'object.spec.maxRetries < 10' },
            { expression: "object.kind != 'x' && object.metadata.labels['a'] != 'b' && object.metadata.name.size() > 1" },
          ],
        },
      },
      buildRegistry(definitions),
    );
  expect(found('v1').map(({ fieldRef }) => fieldRef)).toEqual(['spec.validations[0].expression', 'spec.validations[1].expression']);
  expect(found('v1')[0]?.warning).toContain(
    "stable.example.com/v1, Kind=CronTab: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'",
  );
  expect(found('v1')[1]?.warning).toContain("undefined field 'maxRetries'");
  expect(found('v2').map(({ fieldRef }) => fieldRef)).toEqual(['spec.validations[0].expression']);
});

it('does not check what is named by wildcards', () => {
  expect(warnings([{ expression: 'object.nope > 1' }], { matchConstraints: { resourceRules: [rule({ apiGroups: ['*'] })] } })).toEqual([]);
});

it('reads quantities, ports and types that contain themselves', () => {
  const expression = "object.spec.template.spec.containers.all(c, c.resources.limits.cpu != '1' && c.ports.all(p, p.containerPort > 0))";
  expect(warnings([{ expression }])).toEqual([]);
});
