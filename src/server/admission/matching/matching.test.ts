import { describe, expect, it } from 'vitest';
import { defineResource } from '../../../api/define.ts';
import { registry } from '../../../api/index.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import type { ApiRequest } from '../../../api/transport.ts';
import { fakeReader } from '../../fake-reader.ts';
import type { AdmissionRequest } from '../../ports.ts';
import { asDefinition, equivalentsOf, kindAt } from './equivalents.ts';
import { compileMatcher, type MatchCriteria } from './match.ts';
import { matchesRule } from './rules-plan.ts';

const rule = (rest: object = {}) => ({
  operations: ['CREATE'],
  apiGroups: ['apps'],
  apiVersions: ['v1'],
  resources: ['deployments'],
  ...rest,
});
const subject = { operation: 'CREATE', group: 'apps', version: 'v1', resource: 'deployments', subresource: '', namespace: 'a', name: 'x' };

describe('a rule', () => {
  it.each([
    [{}, {}, true],
    [{ operations: ['UPDATE', 'DELETE'] }, {}, false],
    [{ operations: ['*'] }, { operation: 'CONNECT' }, true],
    [{ apiGroups: [''] }, {}, false],
    [{ apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }, {}, true],
    [{ resources: ['*'] }, { subresource: 'scale' }, false],
    [{ resources: ['deployments/*'] }, {}, true],
    [{ resources: ['deployments/*'] }, { subresource: 'scale' }, true],
    [{ resources: ['*/scale'] }, { subresource: 'scale' }, true],
    [{ resources: ['*/scale'] }, {}, false],
    [{ resources: ['*/*'] }, { subresource: 'status' }, true],
    [{ scope: 'Namespaced' }, {}, true],
    [{ scope: 'Cluster' }, {}, false],
    [{ scope: 'Cluster' }, { namespace: '' }, true],
    [{ scope: '*' }, { namespace: '' }, true],
    [{ resourceNames: ['y'] }, {}, false],
    [{ resourceNames: ['x', 'y'] }, {}, true],
    [{ apiGroups: [''], resources: ['namespaces'], scope: 'Namespaced' }, { group: '', resource: 'namespaces', namespace: 'a' }, false],
    [{ apiGroups: [''], resources: ['namespaces'], scope: 'Cluster' }, { group: '', resource: 'namespaces', namespace: 'a' }, true],
  ])('%j of %j matches: %j', (changes, what, expected) => {
    expect(matchesRule(rule(changes), { ...subject, ...what })).toBe(expected);
  });
});

describe('a matcher', () => {
  const objects = fakeReader({ namespaces: [{ metadata: { name: 'a', labels: { team: 'red' } } } as KubeObject] });
  const equivalents = equivalentsOf(() => registry);
  const criteria = (rest: Partial<MatchCriteria> = {}): MatchCriteria => ({
    rules: [rule()],
    matchPolicy: undefined,
    namespaceSelector: {},
    objectSelector: {},
    ...rest,
  });
  const match = (rest: Partial<MatchCriteria>, what: Partial<AdmissionRequest> & { on?: Partial<ApiRequest> } = {}) => {
    const { on, ...more } = what;
    const request: ApiRequest = { verb: 'create', group: 'apps', version: 'v1', resource: 'deployments', namespace: 'a', name: 'x', ...on };
    const context = { user: { name: 'me', groups: [] }, signal: new AbortController().signal, warn: () => {} };
    const admission: AdmissionRequest = {
      operation: 'CREATE',
      request,
      object: { metadata: { name: 'x' } },
      old: undefined,
      context,
      ...more,
    };
    const found = compileMatcher(criteria(rest), { objects, equivalents }).match(admission);
    return found && `${found.group}/${found.version}`;
  };
  const red = { matchLabels: { team: 'red' } };
  const blue = { matchLabels: { team: 'blue' } };
  const labelled = (team: string): KubeObject => ({ metadata: { name: 'x', labels: { team } } });

  it('looks at the labels of the namespace', () => {
    expect(match({ namespaceSelector: red })).toBe('apps/v1');
    expect(match({ namespaceSelector: blue })).toBeUndefined();
    expect(() => match({ namespaceSelector: red }, { on: { namespace: 'gone' } })).toThrow('namespaces "gone" not found');
    expect(match({}, { on: { namespace: 'gone' } })).toBe('apps/v1');
  });

  it('takes the labels of a namespace from what is written, and exempts nothing that is in none', () => {
    const namespaces = { rules: [rule({ apiGroups: ['*'], resources: ['*'] })], namespaceSelector: blue };
    const on = { group: '', resource: 'namespaces', namespace: 'a', name: 'a' };
    expect(match(namespaces, { on, object: labelled('blue') })).toBe('/v1');
    expect(match(namespaces, { on, object: labelled('red') })).toBeUndefined();
    expect(match(namespaces, { on: { group: '', resource: 'nodes', namespace: undefined } })).toBe('/v1');
  });

  it('looks at the labels of the object before or after', () => {
    expect(match({ objectSelector: red }, { object: labelled('red') })).toBe('apps/v1');
    expect(match({ objectSelector: red }, { object: labelled('blue'), old: labelled('red') })).toBe('apps/v1');
    expect(match({ objectSelector: red }, { object: labelled('blue') })).toBeUndefined();
    expect(match({ objectSelector: red }, { object: undefined, old: labelled('red') })).toBe('apps/v1');
  });

  it('leaves out what the excluding rules name', () => {
    expect(match({ excludeRules: [rule({ resourceNames: ['x'] })] })).toBeUndefined();
    expect(match({ excludeRules: [rule({ resourceNames: ['y'] })] })).toBe('apps/v1');
  });

  it('finds other versions of the same objects unless they must be exact', () => {
    const v1 = {
      rules: [rule({ apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers', 'horizontalpodautoscalers/status'] })],
    };
    const on = { group: 'autoscaling', version: 'v2', resource: 'horizontalpodautoscalers' };
    expect(match(v1, { on })).toBe('autoscaling/v1');
    expect(match(v1, { on: { ...on, subresource: 'status' } })).toBe('autoscaling/v1');
    expect(match({ ...v1, matchPolicy: 'Exact' }, { on })).toBeUndefined();
    expect(match({ rules: [...v1.rules, rule({ apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] })] }, { on })).toBe(
      'autoscaling/v2',
    );
  });

  it('knows beforehand which requests it may be for', () => {
    const matcher = compileMatcher(criteria({ objectSelector: red }), { objects, equivalents });
    const request: ApiRequest = { verb: 'create', group: 'apps', version: 'v1', resource: 'deployments', namespace: 'a' };
    expect(matcher.mayMatch('CREATE', request)).toBe(true);
    expect(matcher.mayMatch('DELETE', request)).toBe(false);
    expect(matcher.mayMatch('CREATE', { ...request, subresource: 'status' })).toBe(false);
  });
});

describe('the kind that travels', () => {
  it.each([
    ['deployments.apps', '', 'apps/v1 Deployment'],
    ['deployments.apps', 'status', 'apps/v1 Deployment'],
    ['deployments.apps', 'scale', 'autoscaling/v1 Scale'],
    ['pods', 'eviction', 'policy/v1 Eviction'],
    ['pods', 'exec', '/v1 PodExecOptions'],
  ])('on %s/%s is %s', (id, subresource, expected) => {
    const definition = registry.byId(id);
    if (!definition) throw new Error(id);
    const { group, version, kind } = kindAt(definition, subresource);
    expect(`${group}/${version} ${kind}`).toBe(expected);
  });
});

describe('versions of a custom kind', () => {
  const version = (name: string) =>
    defineResource<KubeObject>({
      group: 'example.com',
      version: name,
      kind: 'Apple',
      plural: 'apples',
      scope: 'Namespaced',
      structural: { type: 'object' } as never,
    });
  const [v1, v2] = [version('v1'), version('v2')];
  const table = { all: [v1, v2], find: (_: string, name: string) => [v1, v2].find((each) => each.version === name) };
  const apple: KubeObject = { apiVersion: 'example.com/v1', kind: 'Apple', metadata: { name: 'a' } };

  it('are equivalent, and differ in name alone unless a webhook converts them', async () => {
    expect(equivalentsOf(() => table).of(v1, '')).toEqual([v2]);
    expect(asDefinition(apple, v1, v2)).toEqual({ ...apple, apiVersion: 'example.com/v2' });
    expect(await equivalentsOf(() => table).convert(apple, v1, v2)).toEqual({ ...apple, apiVersion: 'example.com/v2' });
    const converting = equivalentsOf(
      () => table,
      async (object, to) => ({ ...object, apiVersion: `example.com/${to.version}`, spec: 'converted' }),
    );
    expect(await converting.convert(apple, v1, v2)).toMatchObject({ apiVersion: 'example.com/v2', spec: 'converted' });
    expect(converting.convert(apple, v1, v1)).toBe(apple);
  });
});
