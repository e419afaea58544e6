import { beforeEach, describe, expect, it } from 'vitest';
import { registry as definitions } from '../../../api/index.ts';
import type { ApiRequest, Verb } from '../../../api/transport.ts';
import { type FakeApi, fakeApi } from '../../fake-api.ts';
import type { PodSecuritySettings } from '../configuration/pod-security.ts';
import { type PodSecurityObserver, podSecurity } from './pod-security.ts';

const at = { namespace: 'n' };
let api: FakeApi;
beforeEach(async () => {
  api = await fakeApi({ admission: undefined });
  await api.call('create', 'namespaces', { body: { metadata: { name: 'n' } } });
  await api.call('create', 'serviceaccounts', { ...at, body: { metadata: { name: 'default' } } });
});

/** A request as over HTTP: with its warnings and the annotations of its audit event. */
async function ask(verb: Verb, id: string, rest: Partial<ApiRequest>) {
  const definition = definitions.byId(id);
  if (!definition) throw new Error(id);
  const { group, version, plural } = definition;
  const warnings: string[] = [];
  const annotations: Record<string, string> = {};
  const context = {
    user: { name: 'jane', groups: [] },
    signal: new AbortController().signal,
    warn: (message: string) => void warnings.push(message),
    annotate: (key: string, value: string) => {
      annotations[key] = value;
    },
  };
  const error = await api.registry.answer({ verb, group, version, resource: plural, ...rest }, context).then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  return { error, warnings, annotations };
}
const label = (labels: Record<string, string>) => {
  const named = Object.fromEntries(Object.entries(labels).map(([key, value]) => [`pod-security.kubernetes.io/${key}`, value]));
  return ask('patch', 'namespaces', { name: 'n', patchType: 'merge', body: { metadata: { labels: named } } });
};
const spec = (image = 'x', more: object = {}) => ({ containers: [{ name: 'c', image }], ...more });
const create = (name: string, more: object = {}) => ask('create', 'pods', { ...at, body: { metadata: { name }, spec: spec('x', more) } });
const template = { metadata: { labels: { a: 'b' } }, spec: spec('x', { hostNetwork: true }) };
const HOST = 'host namespaces (hostNetwork=true)';

describe('pods', () => {
  it('are refused by the level that the namespace enforces', async () => {
    await label({ enforce: 'baseline' });
    expect((await create('ok')).error).toBeUndefined();
    expect((await create('p', { hostNetwork: true })).error).toMatchObject({
      code: 403,
      message: `pods "p" is forbidden: violates PodSecurity "baseline:latest": ${HOST}`,
      details: { name: 'p', kind: 'pods' },
    });
  });

  it('are warned of and noted where the namespace does not enforce', async () => {
    await label({ warn: 'baseline', 'warn-version': 'v1.30', audit: 'baseline' });
    const { error, warnings, annotations } = await create('p', { hostNetwork: true });
    expect(error).toBeUndefined();
    expect(warnings).toEqual([`would violate PodSecurity "baseline:v1.30": ${HOST}`]);
    expect(annotations).toMatchObject({
      'pod-security.kubernetes.io/enforce-policy': 'privileged:latest',
      'pod-security.kubernetes.io/audit-violations': `would violate PodSecurity "baseline:latest": ${HOST}`,
    });
  });

  it('that are refused are not warned of as well', async () => {
    await label({ enforce: 'baseline', warn: 'restricted' });
    const { error, warnings } = await create('p', { hostNetwork: true });
    expect(error).toMatchObject({ code: 403 });
    expect(warnings).toEqual([]);
  });

  it('that are there are judged again when their programs change, and by debug containers', async () => {
    await create('p', { hostNetwork: true });
    await label({ enforce: 'baseline' });
    const change = (body: object, subresource?: string) =>
      ask('patch', 'pods', { ...at, name: 'p', subresource, patchType: 'strategic', body });
    expect((await change({ metadata: { labels: { a: 'b' } } })).error).toBeUndefined();
    expect((await change({ status: { phase: 'Running' } }, 'status')).error).toBeUndefined();
    expect((await change({ spec: spec('y') })).error).toMatchObject({ code: 403 });
    expect((await change({ spec: { ephemeralContainers: [{ name: 'e', image: 'x' }] } }, 'ephemeralcontainers')).error).toMatchObject({
      code: 403,
    });
  });
});

describe('templates of pods', () => {
  const selector = { matchLabels: { a: 'b' } };
  const job = { ...template, spec: { ...template.spec, restartPolicy: 'Never' } };
  it.each([
    ['podtemplates', { template }],
    ['replicationcontrollers', { spec: { selector: { a: 'b' }, template } }],
    ['replicasets.apps', { spec: { selector, template } }],
    ['deployments.apps', { spec: { selector, template } }],
    ['statefulsets.apps', { spec: { selector, template, serviceName: 's' } }],
    ['daemonsets.apps', { spec: { selector, template } }],
    ['jobs.batch', { spec: { template: job } }],
    ['cronjobs.batch', { spec: { schedule: '* * * * *', jobTemplate: { spec: { template: job } } } }],
  ])('%s are warned of, and never refused', async (id, object) => {
    await label({ enforce: 'baseline' });
    const { error, warnings } = await ask('create', id, { ...at, body: structuredClone({ metadata: { name: 'x' }, ...object }) });
    expect(error).toBeUndefined();
    expect(warnings).toEqual([`would violate PodSecurity "baseline:latest": ${HOST}`]);
  });
});

describe('namespaces', () => {
  it('must have labels that mean something', async () => {
    expect((await label({ enforce: 'strict' })).error).toMatchObject({
      code: 422,
      message:
        'Namespace "n" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted',
    });
    const body = { metadata: { name: 'm', labels: { 'pod-security.kubernetes.io/warn-version': '1.30' } } };
    expect((await ask('create', 'namespaces', { body })).error).toMatchObject({ code: 422 });
  });

  it('whose level becomes stricter are told which pods would not be let in', async () => {
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'u', controller: true };
    for (const name of ['b', 'a', 'c']) {
      const body = { metadata: { name, ownerReferences: [owner] }, spec: spec('x', { hostNetwork: true }) };
      await ask('create', 'pods', { ...at, body });
    }
    await create('d', { hostNetwork: true, hostPID: true });
    await create('fine');
    await ask('create', 'pods', {
      ...at,
      body: { metadata: { name: 'vol' }, spec: spec('x', { volumes: [{ name: 'v', hostPath: { path: '/' } }] }) },
    });
    expect((await label({ enforce: 'baseline' })).warnings).toEqual([
      'existing pods in namespace "n" violate the new PodSecurity enforce level "baseline:latest"',
      'a (and 3 other pods): host namespaces',
      'vol: hostPath volumes',
    ]);
    expect((await label({ enforce: 'baseline', other: 'x' })).warnings).toEqual([]);
    expect((await label({ enforce: 'privileged' })).warnings).toEqual([]);
  });
});

describe('what the operator says', () => {
  const evaluated: object[] = [];
  const exempted: string[] = [];
  const told: PodSecurityObserver = {
    evaluated: ({ request }, { mode, at: { level }, allowed }) => void evaluated.push({ resource: request.resource, mode, level, allowed }),
    exempted: ({ request }) => void exempted.push(request.resource),
    failed: () => {},
  };
  const level = { level: 'baseline', version: 'latest' } as const;
  beforeEach(async () => {
    evaluated.length = 0;
    exempted.length = 0;
    const settings: PodSecuritySettings = {
      defaults: { enforce: level, audit: { ...level, level: 'restricted' }, warn: level, errors: [] },
      exempt: { users: new Set(['root']), namespaces: new Set(['free']), runtimeClasses: new Set(['sandboxed']) },
    };
    api = await fakeApi({ admissionOver: (objects) => [podSecurity(objects, { settings, observe: told })] });
    for (const name of ['n', 'free']) await api.call('create', 'namespaces', { body: { metadata: { name } } });
  });

  it('is for namespaces that say nothing', async () => {
    expect((await create('p', { hostNetwork: true })).error).toMatchObject({
      message: `pods "p" is forbidden: violates PodSecurity "baseline:latest": ${HOST}`,
    });
    await label({ enforce: 'privileged' });
    const { error, warnings, annotations } = await create('p', { hostNetwork: true });
    expect(error).toBeUndefined();
    expect(warnings).toEqual([`would violate PodSecurity "baseline:latest": ${HOST}`]);
    expect(annotations['pod-security.kubernetes.io/audit-violations']).toContain('would violate PodSecurity "restricted:latest"');
    const seen = (mode: string, of: string, allowed: boolean) => ({ resource: 'pods', mode, level: of, allowed });
    expect(evaluated).toEqual([
      seen('enforce', 'baseline', false),
      seen('audit', 'restricted', false),
      seen('enforce', 'privileged', true),
      seen('audit', 'restricted', false),
      seen('warn', 'baseline', false),
    ]);
  });

  it('is told to those who ask more of exempt namespaces', async () => {
    const ignored =
      'namespace "free" is exempt from Pod Security, and the policy (enforce=restricted:latest, warn=restricted:v1.30) will be ignored';
    const demand = (labels: object) => ask('patch', 'namespaces', { name: 'free', patchType: 'merge', body: { metadata: { labels } } });
    const key = 'pod-security.kubernetes.io/';
    const asked = { [`${key}enforce`]: 'restricted', [`${key}warn`]: 'restricted', [`${key}warn-version`]: 'v1.30' };
    expect((await demand(asked)).warnings).toEqual([ignored]);
    expect((await demand({ a: 'b' })).warnings).toEqual([]);
    const body = { metadata: { name: 'free', labels: asked } };
    expect((await ask('create', 'namespaces', { body, options: { dryRun: true } })).warnings).toEqual([ignored]);
  });

  it('exempts namespaces, users and runtime classes', async () => {
    const exempt = (by: string) => ({ error: undefined, warnings: [], annotations: { 'pod-security.kubernetes.io/exempt': by } });
    const body = { metadata: { name: 'p' }, spec: spec('x', { hostNetwork: true }) };
    expect(await ask('create', 'pods', { namespace: 'free', body })).toEqual(exempt('namespace'));
    expect(await create('q', { hostNetwork: true, runtimeClassName: 'sandboxed' })).toEqual(exempt('runtimeClass'));
    expect(
      await ask('create', 'replicationcontrollers', {
        namespace: 'free',
        body: { metadata: { name: 'r' }, spec: { selector: template.metadata.labels, template } },
      }),
    ).toEqual(exempt('namespace'));
    expect(exempted).toEqual(['pods', 'pods', 'replicationcontrollers']);
  });
});
