import { describe, expect, it } from 'vitest';
import { type AnyWebhook, checkWebhooks } from './webhook-validation.ts';

const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] };
const webhook = (rest: Partial<AnyWebhook> = {}): AnyWebhook => ({
  name: 'a.example.com',
  clientConfig: { url: 'https://hooks.example.com/a' },
  rules: [rule],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...rest,
});
const findings = (rest: Partial<AnyWebhook>, old?: AnyWebhook[]) =>
  checkWebhooks([webhook(rest)], old).map(({ path, message }) => `${path}: ${message}`);
const clientConfig = (service: object) => ({ clientConfig: { service: { name: 's', namespace: 'n', ...service } } });
const rules = (changes: object) => ({ rules: [{ ...rule, ...changes }] });
const form = '; desired format: https://host[/path]';

describe('webhooks of a configuration', () => {
  it('may be as the documentation shows them', () => {
    expect(findings({})).toEqual([]);
    expect(findings(clientConfig({ path: '/a/b-c.d/', port: 8443 }))).toEqual([]);
    expect(findings(rules({ resources: ['pods', 'pods/*', '*/scale'], scope: 'Namespaced' }))).toEqual([]);
  });

  it.each<[Partial<AnyWebhook>, string[]]>([
    [{ name: '' }, ['webhooks[0].name: Required value']],
    [{ name: 'a.b' }, ['webhooks[0].name: Invalid value: "a.b": should be a domain with at least three segments separated by dots']],
    [{ failurePolicy: 'Maybe' }, ['webhooks[0].failurePolicy: Unsupported value: "Maybe": supported values: "Fail", "Ignore"']],
    [{ matchPolicy: 'Loose' }, ['webhooks[0].matchPolicy: Unsupported value: "Loose": supported values: "Equivalent", "Exact"']],
    [{ sideEffects: undefined }, ['webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun']],
    [{ sideEffects: '' }, ['webhooks[0].sideEffects: Unsupported value: "": supported values: "None", "NoneOnDryRun"']],
    [{ sideEffects: 'Some' }, ['webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"']],
    [{ timeoutSeconds: 31 }, ['webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds']],
    [
      { reinvocationPolicy: 'Always' },
      ['webhooks[0].reinvocationPolicy: Unsupported value: "Always": supported values: "IfNeeded", "Never"'],
    ],
    [{ clientConfig: {} }, ['webhooks[0].clientConfig: Required value: exactly one of url or service is required']],
    [
      { clientConfig: { url: 'http://x' } },
      [`webhooks[0].clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme${form}`],
    ],
    [{ clientConfig: { url: 'https:///x' } }, [`webhooks[0].clientConfig.url: Invalid value: "": host must be specified${form}`]],
    [
      { clientConfig: { url: 'https://me:pw@x/?q=1#f' } },
      [
        'webhooks[0].clientConfig.url: Invalid value: "me:pw": user information is not permitted in the URL',
        'webhooks[0].clientConfig.url: Invalid value: "f": fragments are not permitted in the URL',
        'webhooks[0].clientConfig.url: Invalid value: "q=1": query parameters are not permitted in the URL',
      ],
    ],
    [clientConfig({ name: '' }), ['webhooks[0].clientConfig.service.namespace: Required value']],
    [
      clientConfig({ port: 70000 }),
      ['webhooks[0].clientConfig.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive'],
    ],
    [clientConfig({ path: '//' }), ['webhooks[0].clientConfig.service.path: Invalid value: "//": segment[0] may not be empty']],
    [clientConfig({ path: '/a//b' }), ['webhooks[0].clientConfig.service.path: Invalid value: "/a//b": segment[1] may not be empty']],
    [{ admissionReviewVersions: [] }, ['webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1']],
    [
      { admissionReviewVersions: ['v2'] },
      ['webhooks[0].admissionReviewVersions: Invalid value: ["v2"]: must include at least one of v1, v1beta1'],
    ],
    [{ admissionReviewVersions: ['v1', 'v1'] }, ['webhooks[0].admissionReviewVersions[1]: Invalid value: "v1": duplicate version']],
    [rules({ operations: [] }), ['webhooks[0].rules[0].operations: Required value']],
    [
      rules({ operations: ['*', 'CREATE'] }),
      [`webhooks[0].rules[0].operations: Invalid value: ["*","CREATE"]: if '*' is present, must not specify other operations`],
    ],
    [
      rules({ operations: ['WATCH'] }),
      ['webhooks[0].rules[0].operations[0]: Unsupported value: "WATCH": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"'],
    ],
    [rules({ apiGroups: undefined }), ['webhooks[0].rules[0].apiGroups: Required value']],
    [rules({ apiVersions: [''] }), ['webhooks[0].rules[0].apiVersions[0]: Required value']],
    [
      rules({ resources: ['*', 'pods'] }),
      [
        `webhooks[0].rules[0].resources: Invalid value: ["*","pods"]: if '*' is present, must not specify other resources without subresources`,
      ],
    ],
    [
      rules({ resources: ['*/*', 'pods'] }),
      [`webhooks[0].rules[0].resources: Invalid value: ["*/*","pods"]: if '*/*' is present, must not specify other resources`],
    ],
    [
      rules({ resources: ['pods/*', 'pods/exec'] }),
      [`webhooks[0].rules[0].resources[1]: Invalid value: "pods/exec": if 'pods/*' is present, must not specify pods/exec`],
    ],
    [rules({ scope: 'Here' }), ['webhooks[0].rules[0].scope: Unsupported value: "Here": supported values: "*", "Cluster", "Namespaced"']],
    [{ matchConditions: [{ name: 'a', expression: ' ' }] }, ['webhooks[0].matchConditions[0].expression: Required value']],
    [
      {
        matchConditions: [
          { name: 'a', expression: 'true' },
          { name: 'a', expression: 'true' },
        ],
      },
      ['webhooks[0].matchConditions[1].name: Duplicate value: "a"'],
    ],
  ])('%j are refused', (rest, expected) => {
    expect(findings(rest)).toEqual(expected);
  });

  it('have names of their own', () => {
    expect(checkWebhooks([webhook(), webhook()])).toMatchObject([{ path: 'webhooks[1].name', reason: 'FieldValueDuplicate' }]);
    expect(checkWebhooks([webhook(), webhook()], [webhook(), webhook()])).toEqual([]);
  });

  it('may keep what they were allowed once', () => {
    expect(findings({ sideEffects: 'Some' }, [webhook({ sideEffects: 'Unknown' })])).toEqual([]);
    expect(findings({ admissionReviewVersions: ['v2'] }, [webhook({ admissionReviewVersions: ['v2'] })])).toEqual([]);
    expect(findings({ sideEffects: 'Some' }, [webhook()])).toHaveLength(1);
  });
});
