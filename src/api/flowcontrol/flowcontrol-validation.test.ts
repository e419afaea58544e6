import { describe, expect, it } from 'vitest';
import { defaultFlowSchemas, defaultPriorityLevels } from './default-objects.ts';
import { checkFlowSchema } from './flow-schema-validation.ts';
import { checkPriorityLevel } from './priority-level-validation.ts';

const lines = (errors: readonly { path: string; message: string }[]) => errors.map((e) => `${e.path}: ${e.message}`);
const rule = (more: object = {}) => ({
  subjects: [{ kind: 'User', user: { name: 'u' } }],
  resourceRules: [{ verbs: ['get'], apiGroups: ['*'], resources: ['pods'], namespaces: ['*'] }],
  ...more,
});
const schema = (spec: object = {}, name = 'f') =>
  ({ metadata: { name }, spec: { matchingPrecedence: 100, priorityLevelConfiguration: { name: 'p' }, rules: [rule()], ...spec } }) as never;
const level = (spec: object, name = 'p') => ({ metadata: { name }, spec }) as never;
const queued = (queuing: object) => level({ type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing } } });

describe('flow schemas', () => {
  it.each<[object, string[]]>([
    [{}, []],
    [{ matchingPrecedence: 0 }, ['spec.matchingPrecedence: Invalid value: 0: must be a positive value']],
    [{ matchingPrecedence: 10001 }, ['spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000']],
    [
      { matchingPrecedence: 1 },
      ["spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"],
    ],
    [
      { distinguisherMethod: { type: 'x' } },
      ['spec.distinguisherMethod.type: Unsupported value: {"Type":"x"}: supported values: "ByNamespace", "ByUser"'],
    ],
    [{ priorityLevelConfiguration: {} }, ['spec.priorityLevelConfiguration.name: Required value: must reference a priority level']],
    [
      { rules: [{}] },
      [
        'spec.rules[0].subjects: Required value: subjects must contain at least one value',
        'spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty',
      ],
    ],
    [
      {
        rules: [
          rule({
            subjects: [{ kind: 'User', group: { name: 'g' } }, { kind: 'x' }, { kind: 'ServiceAccount', serviceAccount: { name: '*' } }],
          }),
        ],
      },
      [
        "spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'",
        "spec.rules[0].subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'",
        'spec.rules[0].subjects[1].kind: Unsupported value: "x": supported values: "Group", "ServiceAccount", "User"',
        'spec.rules[0].subjects[2].serviceAccount.namespace: Required value: must specify namespace for service account',
      ],
    ],
    [
      { rules: [rule({ resourceRules: [{ verbs: ['*', 'get'], apiGroups: ['*', ''], resources: [] }] })] },
      [
        'spec.rules[0].resourceRules[0].verbs: Invalid value: ["*","get"]: if \'*\' is present, must not specify other verbs',
        'spec.rules[0].resourceRules[0].apiGroups: Invalid value: ["*",""]: if \'*\' is present, must not specify other api groups',
        'spec.rules[0].resourceRules[0].resources: Required value: resource rules must supply at least one resource',
        'spec.rules[0].resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace',
      ],
    ],
    [
      { rules: [rule({ nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['', 'a', '/a b', '//', '/*a', '/a/*', '/'] }] })] },
      [
        'spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: "": must not be empty',
        'spec.rules[0].nonResourceRules[0].nonResourceURLs[1]: Invalid value: "a": must start with slash',
        'spec.rules[0].nonResourceRules[0].nonResourceURLs[2]: Invalid value: "/a b": must not contain white-space',
        'spec.rules[0].nonResourceRules[0].nonResourceURLs[3]: Invalid value: "//": must not contain double slash',
        'spec.rules[0].nonResourceRules[0].nonResourceURLs[4]: Invalid value: "/*a": wildcard can only do suffix matching',
      ],
    ],
  ])('%j', (spec, expected) => {
    expect(lines(checkFlowSchema(schema(spec)))).toEqual(expected);
  });

  it('of Kubernetes’ own are valid, and two of them stay as they are', () => {
    expect(defaultFlowSchemas().flatMap(checkFlowSchema)).toEqual([]);
    expect(lines(checkFlowSchema(schema({}, 'catch-all')))).toEqual([
      expect.stringMatching(/^spec: Invalid value: .*: spec of 'catch-all' must equal the fixed value$/),
    ]);
  });
});

describe('priority levels', () => {
  it.each<[never, string[]]>([
    [level({ type: 'Limited', limited: { limitResponse: { type: 'Reject' } } }), []],
    [level({ type: 'x' }), ['spec.type: Unsupported value: "x": supported values: "Exempt", "Limited"']],
    [level({ type: 'Exempt' }), ["spec.type: Invalid value: \"Exempt\": must be 'Exempt' if and only if `name` is 'exempt'"]],
    [level({ type: 'Limited' }), ['spec.limited: Required value: must not be empty when type is Limited']],
    [
      level({ type: 'Limited', limited: { nominalConcurrencyShares: -1, lendablePercent: 101, borrowingLimitPercent: -1 } }),
      [
        'spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer',
        'spec.limited.limitResponse.type: Unsupported value: "": supported values: "Queue", "Reject"',
        'spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive',
        'spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer',
      ],
    ],
    [
      queued({ queues: 4, handSize: 5, queueLengthLimit: 0 }),
      [
        'spec.limited.limitResponse.queuing.queueLengthLimit: Invalid value: 0: must be positive',
        'spec.limited.limitResponse.queuing.handSize: Invalid value: 5: should not be greater than queues (4)',
      ],
    ],
    [
      queued({ queues: 1024, handSize: 7, queueLengthLimit: 1 }),
      [
        'spec.limited.limitResponse.queuing.handSize: Invalid value: 7: required entropy bits of deckSize 1024 and handSize 7 should not be greater than 60',
      ],
    ],
  ])('%j', (object, expected) => {
    expect(lines(checkPriorityLevel(object))).toEqual(expected);
  });

  it('of Kubernetes’ own are valid; what is exempt may share its seats', () => {
    expect(defaultPriorityLevels().flatMap(checkPriorityLevel)).toEqual([]);
    expect(checkPriorityLevel(level({ type: 'Exempt', exempt: { nominalConcurrencyShares: 3, lendablePercent: 50 } }, 'exempt'))).toEqual(
      [],
    );
  });
});
