import { describe, expect, it } from 'vitest';
import { type AuditAttributes, planAudit } from './policy-plan.ts';

const policy = (rules: object[], more: object = {}) => planAudit({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules, ...more });
const jane = { name: 'jane', groups: ['devs', 'system:authenticated'] };
const asked = (verb: string, place: string, name = ''): AuditAttributes => {
  const [what = '', namespace = ''] = place.split('@');
  const [plural = '', subresource = ''] = what.split('/');
  const [resource = '', group = ''] = plural.split('.');
  return { user: jane, verb, path: '/x', resource: { group, version: 'v1', resource, subresource, namespace, name } };
};
const url = (path: string): AuditAttributes => ({ user: jane, verb: 'get', path, resource: undefined });
const levelOf = (rule: object, attributes: AuditAttributes) => policy([{ level: 'Request', ...rule }]).decide(attributes).level;
const pods = (...resources: string[]) => ({ resources: [{ group: '', resources }] });

describe('an audit policy', () => {
  it('is decided by the first rule that matches, and by none at level None', () => {
    const both = policy([
      { level: 'None', users: ['jane'], verbs: ['watch'] },
      { level: 'Metadata', userGroups: ['devs'] },
    ]);
    expect(both.decide(asked('watch', 'pods@a')).level).toBe('None');
    expect(both.decide(asked('get', 'pods@a')).level).toBe('Metadata');
    expect(both.decide({ ...asked('get', 'pods@a'), user: { name: 'joe', groups: [] } }).level).toBe('None');
    expect(both.decide({ ...asked('get', 'pods@a'), user: undefined }).level).toBe('None');
    expect(policy([{ level: 'Metadata' }]).decide({ ...asked('get', 'pods@a'), user: undefined }).level).toBe('Metadata');
  });

  it('tells resources from subresources', () => {
    expect(levelOf(pods('pods'), asked('get', 'pods@a'))).toBe('Request');
    expect(levelOf(pods('pods'), asked('get', 'pods/log@a'))).toBe('None');
    expect(levelOf(pods('pods/log'), asked('get', 'pods/log@a'))).toBe('Request');
    expect(levelOf(pods('pods/*'), asked('get', 'pods/log@a'))).toBe('Request');
    expect(levelOf(pods('*/status'), asked('update', 'pods/status@a'))).toBe('Request');
    expect(levelOf(pods('*/status'), asked('update', 'pods@a'))).toBe('None');
    expect(levelOf(pods('*'), asked('get', 'pods/log@a'))).toBe('Request');
    expect(levelOf(pods(), asked('get', 'secrets@a'))).toBe('Request');
    expect(levelOf(pods('*'), asked('get', 'deployments.apps@a'))).toBe('None');
    expect(levelOf({ resources: [{ group: 'apps' }] }, asked('get', 'deployments.apps@a'))).toBe('Request');
    expect(levelOf({ resources: [{ group: '*', resources: ['secrets', 'deployments'] }] }, asked('get', 'deployments.apps@a'))).toBe(
      'Request',
    );
    expect(levelOf({ resources: [{ group: '*' }] }, asked('get', 'secrets@a'))).toBe('Request');
    expect(levelOf(pods('pods'), url('/metrics'))).toBe('None');
  });

  it('picks names and namespaces; the empty one means the cluster’s own', () => {
    const named = { resources: [{ group: '', resources: ['configmaps'], resourceNames: ['lock'] }] };
    expect(levelOf(named, asked('update', 'configmaps@a', 'lock'))).toBe('Request');
    expect(levelOf(named, asked('update', 'configmaps@a', 'other'))).toBe('None');
    expect(levelOf({ namespaces: ['kube-system'] }, asked('get', 'pods@kube-system'))).toBe('Request');
    expect(levelOf({ namespaces: ['kube-system'] }, asked('get', 'pods@default'))).toBe('None');
    expect(levelOf({ namespaces: [''] }, asked('get', 'nodes'))).toBe('Request');
  });

  it('matches other paths exactly, by prefix, or all of them', () => {
    expect(levelOf({ nonResourceURLs: ['/healthz*'] }, url('/healthz/ping'))).toBe('Request');
    expect(levelOf({ nonResourceURLs: ['/version'] }, url('/version/x'))).toBe('None');
    expect(levelOf({ nonResourceURLs: ['*'] }, url('/version'))).toBe('Request');
    expect(levelOf({ nonResourceURLs: ['*'] }, asked('get', 'pods@a'))).toBe('None');
  });

  it('joins the stages that are left out, and lets a rule keep managed fields', () => {
    const made = policy([{ level: 'Request', omitStages: ['Panic'], omitManagedFields: false }], {
      omitStages: ['RequestReceived'],
      omitManagedFields: true,
    });
    expect(made.decide(asked('get', 'pods@a'))).toMatchObject({
      omitStages: new Set(['RequestReceived', 'Panic']),
      omitManagedFields: false,
    });
  });

  it('is refused with every field that is wrong', () => {
    expect(() => planAudit({ kind: 'Policy', apiVersion: 'audit.k8s.io/v1beta1' })).toThrow('it must be a Policy of audit.k8s.io/v1');
    expect(() => planAudit(null)).toThrow('it must be a Policy');
    expect(() => policy([])).toThrow('rules: Required value: loaded illegal policy with 0 rules');
    const wrong = [
      { level: 'All', nonResourceURLs: ['x', '/a*b'], namespaces: ['a'] },
      { resources: [{ group: 'rbac/v1', resourceNames: ['a'] }], omitStages: ['Never'], verb: ['get'] },
    ];
    expect(() => policy(wrong)).toThrow(
      [
        'rules[0].level: Unsupported value: "All": supported values: "None", "Metadata", "Request", "RequestResponse"',
        'rules[0].nonResourceURLs[0]: Invalid value: "x": non-resource URL rules must begin with a \'/\' character',
        'rules[0].nonResourceURLs[1]: Invalid value: "/a*b": non-resource URL wildcards \'*\' must be the final character of the rule',
        'rules[0].nonResourceURLs: Invalid value: ["x","/a*b"]: rules cannot apply to both regular resources and non-resource URLs',
        'rules[1].verb: unknown field',
        'rules[1].level: Required value',
      ].join('; '),
    );
    expect(() => policy(wrong)).toThrow('rules[1].omitStages[0]: Invalid value: "Never": allowed stages are');
    expect(() => policy(wrong)).toThrow(
      'rules[1].resources.resourceNames: Invalid value: ["a"]: using resourceNames requires at least one resource',
    );
  });
});
