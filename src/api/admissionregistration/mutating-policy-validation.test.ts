import { describe, expect, it } from 'vitest';
import { checkMutatingBinding, checkMutatingPolicy } from './mutating-policy-validation.ts';

const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] };
const matchConstraints = { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {}, resourceRules: [rule] };
const apply = (expression: string) => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } });
const patch = (expression: string) => ({ patchType: 'JSONPatch', jsonPatch: { expression } });
const policy = (spec: object) =>
  checkMutatingPolicy({
    spec: { failurePolicy: 'Fail', matchConstraints, reinvocationPolicy: 'Never', mutations: [apply('Object{}')], ...spec },
  }).map(({ path, message }) => `${path}: ${message.split('\n')[0]}`);

describe('a mutating policy', () => {
  it('that is right passes', () => {
    const expression = '[JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("a/b"), value: Object.spec{x: 1}}]';
    expect(policy({ mutations: [apply('Object{spec: Object.spec{replicas: 1}}'), patch(expression)] })).toEqual([]);
  });

  it.each<[object, string[]]>([
    [
      { mutations: [patch('[]')] },
      ['spec.mutations[0].jsonPatch.expression: Invalid value: "[]": must evaluate to list(JSONPatch) but got list(dyn)'],
    ],
    [{ mutations: [] }, ['spec.mutations: Required value: mutations must contain at least one item']],
    [{ reinvocationPolicy: undefined }, ['spec.reinvocationPolicy: Required value']],
    [{ reinvocationPolicy: 'Always' }, ['spec.reinvocationPolicy: Unsupported value: "Always": supported values: "IfNeeded", "Never"']],
    [
      { matchConstraints: { ...matchConstraints, resourceRules: [{ ...rule, operations: ['DELETE'] }] } },
      ['spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"'],
    ],
    [{ mutations: [{}] }, ['spec.mutations[0].patchType: Required value']],
    [
      { mutations: [{ patchType: 'Merge' }] },
      ['spec.mutations[0].patchType: Unsupported value: "Merge": supported values: "ApplyConfiguration", "JSONPatch"'],
    ],
    [
      { mutations: [{ patchType: 'JSONPatch', applyConfiguration: { expression: 'Object{}' } }] },
      [
        'spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch',
        'spec.mutations[0].applyConfiguration: Invalid value: "{applyConfiguration}": must not be specified when patchType is JSONPatch',
      ],
    ],
    [{ mutations: [apply(' ')] }, ['spec.mutations[0].applyConfiguration.expression: Required value']],
    [
      { mutations: [apply('1'), patch('[1]'), apply('Object.spec{}')] },
      [
        'spec.mutations[0].applyConfiguration.expression: Invalid value: "1": must evaluate to Object but got int',
        'spec.mutations[1].jsonPatch.expression: Invalid value: "[1]": must evaluate to list(JSONPatch) but got list(int)',
        'spec.mutations[2].applyConfiguration.expression: Invalid value: "Object.spec{}": must evaluate to Object but got Object.spec',
      ],
    ],
    [
      { mutations: [patch('[JSONPatch{operation: "add"}]')] },
      [
        `spec.mutations[0].jsonPatch.expression: Invalid value: "[JSONPatch{operation: \\"add\\"}]": compilation failed: ERROR: <input>:1:23: undefined field 'operation'`,
      ],
    ],
  ])('%j', (spec, expected) => {
    expect(policy(spec)).toEqual(expected);
  });
});

it('a binding is checked like those of validating policies, but has no actions', () => {
  expect(checkMutatingBinding({ spec: { policyName: 'p' } })).toEqual([]);
  expect(checkMutatingBinding({ spec: { policyName: '', matchResources: {} } }).map(({ path }) => path)).toEqual([
    'spec.policyName',
    'spec.matchResources.matchPolicy',
    'spec.matchResources.namespaceSelector',
    'spec.matchResources.objectSelector',
  ]);
});
