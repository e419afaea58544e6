import { describe, expect, it } from 'vitest';
import type { FieldError } from '../meta/field-error.ts';
import type { ValidatingAdmissionPolicy } from '../schema/generated/types.ts';
import { checkValidatingBinding, checkValidatingPolicy, checkValidatingPolicyStatus } from './policy-validation.ts';
import { validatingAdmissionPolicies } from './validating-admission-policy.ts';
import { validatingAdmissionPolicyBindings } from './validating-admission-policy-binding.ts';

const rule = { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] };
const matchConstraints = { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {}, resourceRules: [rule] };
const show = (errors: readonly FieldError[]) => errors.map(({ path, message }) => `${path}: ${message.split('\n')[0]}`);
const policy = (spec: object) =>
  show(
    checkValidatingPolicy({
      metadata: { name: 'p' },
      spec: { failurePolicy: 'Fail', matchConstraints, validations: [{ expression: 'true' }], ...spec },
    }),
  );

describe('a validating policy', () => {
  it('that is right passes', () => {
    const variables = [
      { name: 'n', expression: 'object.spec.replicas' },
      { name: 'm', expression: 'variables.n + 1' },
    ];
    const validations = [{ expression: 'variables.m > 1 && params.max > 1', message: 'm', messageExpression: "'x'", reason: 'Forbidden' }];
    const auditAnnotations = [{ key: 'k', valueExpression: "'v'" }];
    expect(policy({ paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, variables, validations, auditAnnotations })).toEqual([]);
  });

  it.each<[object, string[]]>([
    [{ failurePolicy: undefined }, ['spec.failurePolicy: Required value']],
    [{ failurePolicy: 'No' }, ['spec.failurePolicy: Unsupported value: "No": supported values: "Fail", "Ignore"']],
    [{ matchConstraints: undefined }, ['spec.matchConstraints: Required value']],
    [{ matchConstraints: { ...matchConstraints, resourceRules: [] } }, ['spec.matchConstraints.resourceRules: Required value']],
    [
      { matchConstraints: { ...matchConstraints, resourceRules: [{ ...rule, resourceNames: ['a', 'a'] }] } },
      ['spec.matchConstraints.resourceRules[0].resourceNames[1]: Duplicate value: "a"'],
    ],
    [
      { validations: [] },
      [
        'spec.validations: Required value: validations or auditAnnotations must contain at least one item',
        'spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item',
      ],
    ],
    [
      { matchConstraints: { ...matchConstraints, matchPolicy: '' } },
      ['spec.matchConstraints.matchPolicy: Unsupported value: "": supported values: "Equivalent", "Exact"'],
    ],
    [{ validations: [{}] }, ['spec.validations[0].expression: Required value: expression is not specified']],
    [{ validations: [{ expression: ' ' }] }, ['spec.validations[0].expression: Required value: expression is not specified']],
    [
      { validations: [{ expression: 'object.x in' }] },
      [
        "spec.validations[0].expression: Invalid value: \"object.x in\": compilation failed: ERROR: <input>:1:12: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}",
      ],
    ],
    [
      { validations: [{ expression: 'params.x == 1' }] },
      [
        `spec.validations[0].expression: Invalid value: "params.x == 1": compilation failed: ERROR: <input>:1:1: undeclared reference to 'params' (in container '')`,
      ],
    ],
    [
      { validations: [{ expression: 'object.x' }] },
      ['spec.validations[0].expression: Invalid value: "object.x": must evaluate to bool but got dyn'],
    ],
    [
      { validations: [{ expression: 'true', messageExpression: '1', message: 'a\nb', reason: 'Nope' }] },
      [
        'spec.validations[0].messageExpression: Invalid value: "1": must evaluate to string but got int',
        'spec.validations[0].message: Invalid value: "a\\nb": message must not contain line breaks',
        'spec.validations[0].reason: Unsupported value: "Nope": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"',
      ],
    ],
    [
      { validations: [{ expression: 'true', messageExpression: "authorizer.path('/').check('get').reason()" }] },
      [
        `spec.validations[0].messageExpression: Invalid value: "authorizer.path('/').check('get').reason()": compilation failed: ERROR: <input>:1:1: undeclared reference to 'authorizer' (in container '')`,
      ],
    ],
    [
      { variables: [{ name: 'a-b', expression: 'x' }] },
      [
        'spec.variables[0].name: Invalid value: "a-b": must be a valid CEL identifier',
        `spec.variables[0].expression: Invalid value: "x": compilation failed: ERROR: <input>:1:1: undeclared reference to 'x' (in container '')`,
      ],
    ],
    [
      { variables: [{ name: 'a', expression: '1' }], validations: [{ expression: 'variables.b == 1' }] },
      [`spec.validations[0].expression: Invalid value: "variables.b == 1": compilation failed: ERROR: <input>:1:10: undefined field 'b'`],
    ],
    [{ paramKind: { apiVersion: '', kind: '' } }, ['spec.paramKind.apiVersion: Required value', 'spec.paramKind.kind: Required value']],
    [
      {
        auditAnnotations: [
          { key: 'k', valueExpression: '1' },
          { key: 'k', valueExpression: '' },
        ],
      },
      [
        'spec.auditAnnotations[0].valueExpression: Invalid value: "1": must evaluate to one of [string null_type] but got int',
        'spec.auditAnnotations[1].valueExpression: Required value: valueExpression is not specified',
        'spec.auditAnnotations[1].key: Duplicate value: "k"',
      ],
    ],
    [
      { matchConditions: [{ name: 'a', expression: 'variables.x' }] },
      [
        `spec.matchConditions[0].expression: Invalid value: "variables.x": compilation failed: ERROR: <input>:1:1: undeclared reference to 'variables' (in container '')`,
      ],
    ],
  ])('%j', (spec, expected) => {
    expect(policy(spec)).toEqual(expected);
  });
});

it.each([validatingAdmissionPolicies, validatingAdmissionPolicyBindings])('$kind says itself what it lacks', ({ hooks }) => {
  expect(hooks.checksRequired).toBe(true);
});

describe('a binding', () => {
  const binding = (spec: object) => show(checkValidatingBinding({ spec: { policyName: 'p', validationActions: ['Deny'], ...spec } }));

  it.each<[object, string[]]>([
    [{}, []],
    [{ policyName: '' }, ['spec.policyName: Required value']],
    [{ validationActions: [] }, ['spec.validationActions: Required value: at least one validation action is required']],
    [
      { validationActions: ['Deny', 'Warn'] },
      [
        'spec.validationActions: Invalid value: ["Deny","Warn"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
      ],
    ],
    [{ validationActions: ['Audit', 'Audit'] }, ['spec.validationActions[1]: Duplicate value: "Audit"']],
    [
      { paramRef: {} },
      ['spec.paramRef: Required value: one of name or selector must be specified', 'spec.paramRef.parameterNotFoundAction: Required value'],
    ],
    [
      { paramRef: { name: 'a', selector: {}, parameterNotFoundAction: 'Allow' } },
      [
        'spec.paramRef.name: Forbidden: name and selector are mutually exclusive',
        'spec.paramRef.selector: Forbidden: name and selector are mutually exclusive',
      ],
    ],
    [
      { matchResources: { ...matchConstraints, matchPolicy: '', resourceRules: [{ ...rule, operations: [] }] } },
      [
        'spec.matchResources.matchPolicy: Unsupported value: "": supported values: "Equivalent", "Exact"',
        'spec.matchResources.resourceRules[0].operations: Required value',
      ],
    ],
  ])('%j', (spec, expected) => {
    expect(binding(spec)).toEqual(expected);
  });
});

it.each<[object, string[]]>([
  [{}, []],
  [
    { typeChecking: { expressionWarnings: [{}] } },
    [
      'status.typeChecking.expressionWarnings[0].warning: Required value',
      'status.typeChecking.expressionWarnings[0].fieldRef: Required value',
    ],
  ],
  [
    { conditions: [{ type: 'A', status: 'True', reason: 'R', lastTransitionTime: '2020-01-01T00:00:00Z', observedGeneration: -1 }] },
    ['status.conditions[0].observedGeneration: Invalid value: -1: must be greater than or equal to zero'],
  ],
])('the status %j of a policy finds %j', (status, expected) => {
  expect(show(checkValidatingPolicyStatus({ status } as never))).toEqual(expected);
});

it('a failurePolicy that is empty is not one that is missing', () => {
  const spec = (failurePolicy?: string) => ({ spec: { failurePolicy } }) as ValidatingAdmissionPolicy;
  const defaulted = [spec(), spec('')];
  for (const policy of defaulted) validatingAdmissionPolicies.hooks.defaults?.(policy);
  expect(defaulted.map((policy) => policy.spec?.failurePolicy)).toEqual(['Fail', '']);
});
