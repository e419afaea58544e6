import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAuthorizationConfig } from './authorization-config.ts';

const webhook = {
  timeout: '3s',
  subjectAccessReviewVersion: 'v1',
  failurePolicy: 'NoOpinion',
  connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: '/etc/webhook.yaml' },
};
const file = (authorizers: unknown, rest: object = {}) =>
  JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthorizationConfiguration', authorizers, ...rest });
const withWebhook = (change: object) => file([{ type: 'Webhook', name: 'w', webhook: { ...webhook, ...change } }]);

describe('an AuthorizationConfiguration', () => {
  it('names who decides, in order, with defaults for what webhooks leave out', () => {
    const text = `
      apiVersion: apiserver.config.k8s.io/v1
      kind: AuthorizationConfiguration
      authorizers:
        - type: Webhook
          name: first.example.com
          webhook:
            authorizedTTL: 1m
            cacheUnauthorizedRequests: false
            timeout: 3s
            subjectAccessReviewVersion: v1beta1
            matchConditionSubjectAccessReviewVersion: v1
            failurePolicy: Deny
            connectionInfo: { type: KubeConfigFile, kubeConfigFile: /etc/first.yaml }
            matchConditions:
              - expression: "!('system:nodes' in request.groups)"
        - { type: Node, name: node }
        - { type: Webhook, name: second, webhook: ${JSON.stringify(webhook)} }
        - { type: RBAC, name: rbac }`;
    expect(readAuthorizationConfig(text)).toMatchObject([
      {
        mode: 'Webhook',
        kubeConfigFile: '/etc/first.yaml',
        webhook: {
          version: 'v1beta1',
          timeoutMs: 3000,
          authorizedMs: 60_000,
          unauthorizedMs: 0,
          failurePolicy: 'Deny',
          conditions: [expect.any(Function)],
        },
      },
      { mode: 'Node' },
      { mode: 'Webhook', webhook: { authorizedMs: 300_000, unauthorizedMs: 30_000, failurePolicy: 'NoOpinion', conditions: [] } },
      { mode: 'RBAC' },
    ]);
  });

  it.each([
    [file([]), 'authorizers: Required value: at least one authorization mode must be defined'],
    [file([{ name: 'x' }]), 'authorizers[0].type: Required value'],
    [
      file([{ type: 'ABAC', name: 'x' }]),
      'authorizers[0].type: Unsupported value: "ABAC": supported values: "AlwaysAllow", "AlwaysDeny", "Node", "RBAC", "Webhook"',
    ],
    [file([{ type: 'RBAC' }]), 'authorizers[0].name: Required value'],
    [file(['a', 'b'].map((name) => ({ type: 'RBAC', name }))), 'authorizers[1].type: Duplicate value: "RBAC"'],
    [file(['Node', 'RBAC'].map((type) => ({ type, name: 'a' }))), 'authorizers[1].name: Duplicate value: "a"'],
    [
      file([{ type: 'RBAC', name: 'a', webhook }]),
      'authorizers[0].webhook: Invalid value: "non-null": may only be specified when type=Webhook',
    ],
    [file([{ type: 'Webhook', name: 'a' }]), 'authorizers[0].webhook: Required value: required when type=Webhook'],
    [withWebhook({ timeout: '31s' }), 'authorizers[0].webhook.timeout: Invalid value: "31s": must be > 0s and <= 30s'],
    [withWebhook({ timeout: undefined }), 'authorizers[0].webhook.timeout: Required value'],
    [withWebhook({ unauthorizedTTL: '-1s' }), 'authorizers[0].webhook.unauthorizedTTL: Invalid value: "-1000ms": must be > 0s'],
    [
      withWebhook({ failurePolicy: 'Ignore' }),
      'authorizers[0].webhook.failurePolicy: Unsupported value: "Ignore": supported values: "NoOpinion", "Deny"',
    ],
    [
      withWebhook({ matchConditions: [{ expression: 'true' }] }),
      'authorizers[0].webhook.matchConditionSubjectAccessReviewVersion: Required value: required if match conditions are specified',
    ],
    [
      withWebhook({ matchConditions: [{ expression: 'request.who' }], matchConditionSubjectAccessReviewVersion: 'v1' }),
      'authorizers[0].webhook.matchConditions[0].expression: Invalid value: "request.who": ERROR: <input>:1:8: undefined field \'who\'',
    ],
    [
      withWebhook({ connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: 'w.yaml' } }),
      'authorizers[0].webhook.connectionInfo.kubeConfigFile: Invalid value: "w.yaml": must be an absolute path',
    ],
    [withWebhook({ retries: 3 }), 'authorizers[0].webhook.retries: unknown field'],
    [file([], { kind: 'AuthenticationConfiguration' }), 'kind: must be AuthorizationConfiguration'],
  ])('is refused with the field that is wrong: %s', (text, message) => {
    expect(() => readAuthorizationConfig(text)).toThrow(message);
  });

  it('is read or refused with an Error, whatever the file holds', () => {
    const junk = fc.oneof(
      fc.json(),
      fc.string(),
      fc.jsonValue().map((authorizers) => file(authorizers)),
    );
    fc.assert(
      fc.property(junk, (text) => {
        try {
          readAuthorizationConfig(text);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          expect(error).not.toBeInstanceOf(TypeError);
        }
      }),
    );
  });
});
