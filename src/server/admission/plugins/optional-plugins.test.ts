import { beforeEach, describe, expect, it } from 'vitest';
import { registry } from '../../../api/index.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import type { Pod, Service } from '../../../api/schema/generated/types.ts';
import type { ApiRequest, Verb } from '../../../api/transport.ts';
import { systemRandom } from '../../../base/random.ts';
import { type FakeApi, fakeApi } from '../../fake-api.ts';
import type { AuthorizationAttributes } from '../../ports.ts';
import { builtInAdmission } from '../built-in.ts';
import type { AdmissionConfiguration } from '../configuration/admission-configuration.ts';
import { isOnByDefault } from '../plugin-names.ts';

/** With some of the plugins that are off by default. */
let api: FakeApi;
const at = { namespace: 'n' };
async function open(
  plugins: readonly string[],
  configuration: AdmissionConfiguration = {},
  may: (asked: AuthorizationAttributes) => boolean = () => true,
) {
  const authorizer = (asked: AuthorizationAttributes) => ({ allowed: may(asked), reason: 'no rule' });
  api = await fakeApi({
    authorizer,
    admissionOver: (objects) =>
      builtInAdmission({
        objects,
        authorizer,
        kinds: () => registry,
        configuration,
        createNamespace: async (name) => void (await api.call('create', 'namespaces', { body: { metadata: { name } } })),
        isOn: (name) => name !== 'ServiceAccount' && (isOnByDefault(name) || plugins.includes(name)),
        clock: { ...api?.clock, monotonic: () => 0 } as FakeApi['clock'],
        random: systemRandom,
      }),
  });
  await api.call('create', 'namespaces', { body: { metadata: { name: 'n' } } });
}
const call = <T = KubeObject>(verb: Verb, id: string, rest: Partial<ApiRequest>) => api.call<T>(verb, id, { ...at, ...rest });
const container = (more: object = {}) => ({ name: 'c', image: 'x', imagePullPolicy: 'IfNotPresent', ...more });
const pod = (name: string, spec: object = {}) => ({ metadata: { name }, spec: { containers: [container()], ...spec } });
const create = (name: string, spec: object = {}) => call<Pod>('create', 'pods', { body: pod(name, spec) });
const tolerationsOf = ({ spec }: Pod) => (spec?.tolerations ?? []).filter(({ effect }) => effect !== 'NoExecute');

describe('AlwaysPullImages', () => {
  beforeEach(() => open(['AlwaysPullImages']));

  it('makes all containers and image volumes pull anew', async () => {
    const { spec } = await create('p', { initContainers: [container({ name: 'i' })], volumes: [{ name: 'v', image: { reference: 'y' } }] });
    expect(spec?.containers[0]?.imagePullPolicy).toBe('Always');
    expect(spec?.initContainers?.[0]?.imagePullPolicy).toBe('Always');
    expect(spec?.volumes?.[0]?.image?.pullPolicy).toBe('Always');
  });
});

it('AlwaysDeny refuses whatever is written', async () => {
  await expect(open(['AlwaysDeny'])).rejects.toMatchObject({
    code: 403,
    message: 'namespaces "n" is forbidden: admission control is denying all modifications',
  });
});

it('DenyServiceExternalIPs lets no external addresses in, and those that are there go', async () => {
  await open(['DenyServiceExternalIPs']);
  const service = { metadata: { name: 's' }, spec: { ports: [{ port: 80 }], externalIPs: ['192.0.2.1'] } };
  await expect(call('create', 'services', { body: service })).rejects.toMatchObject({
    code: 403,
    message: 'services "s" is forbidden: Use of external IPs is denied by admission control',
  });
  await call<Service>('create', 'services', { body: { ...service, spec: { ports: [{ port: 80 }] } } });
  const patch = (externalIPs: string[]) => call('patch', 'services', { name: 's', patchType: 'merge', body: { spec: { externalIPs } } });
  await expect(patch(['192.0.2.1'])).rejects.toMatchObject({ code: 403 });
  await patch([]);
});

it('ExtendedResourceToleration tolerates the taints of the devices that are asked for', async () => {
  await open(['ExtendedResourceToleration']);
  const requests = { cpu: '1', 'example.com/b': '1', 'example.com/a': '1' };
  const made = await create('p', { containers: [container({ resources: { requests, limits: requests } })] });
  expect(tolerationsOf(made)).toEqual(['a', 'b'].map((key) => ({ key: `example.com/${key}`, operator: 'Exists', effect: 'NoSchedule' })));
});

it('LimitPodHardAntiAffinityTopology keeps others off nodes alone', async () => {
  await open(['LimitPodHardAntiAffinityTopology']);
  const apart = (topologyKey: string) => ({
    affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector: {} }] } },
  });
  await create('p', apart('kubernetes.io/hostname'));
  await expect(create('q', apart('zone'))).rejects.toMatchObject({
    code: 403,
    message:
      'pods "q" is forbidden: affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone but only key kubernetes.io/hostname is allowed',
  });
});

describe('namespaces', () => {
  const elsewhere = (more: Partial<ApiRequest> = {}) =>
    api.call('create', 'configmaps', { namespace: 'new', body: { metadata: { name: 'c' } }, ...more });

  it('come to be where something is created: NamespaceAutoProvision', async () => {
    await open(['NamespaceAutoProvision']);
    await expect(elsewhere({ options: { dryRun: true } })).rejects.toMatchObject({ code: 404 });
    await elsewhere();
    expect(api.objects.get('namespaces', '', 'new')).toBeDefined();
  });

  it('must be there whatever is done: NamespaceExists', async () => {
    await open(['NamespaceExists']);
    await expect(elsewhere()).rejects.toMatchObject({ code: 404, message: 'namespaces "new" not found' });
    await create('p');
  });
});

describe('OwnerReferencesPermissionEnforcement', () => {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'u', controller: true };
  const body = (owned: object) => ({ metadata: { name: 'c', ownerReferences: [owned] } });
  const NAME = 'OwnerReferencesPermissionEnforcement';

  it('wants the right to delete of those who change owners', async () => {
    await open([NAME], {}, ({ verb }) => verb !== 'delete');
    await call('create', 'configmaps', { body: body(owner) });
    const change = call('patch', 'configmaps', { name: 'c', patchType: 'merge', body: body({ ...owner, name: 's' }) });
    await expect(change).rejects.toMatchObject({
      message: `configmaps "c" is forbidden: cannot set an ownerRef on a resource you can't delete: no rule, <nil>`,
    });
    await call('patch', 'configmaps', { name: 'c', patchType: 'merge', body: { data: { a: 'b' } } });
  });

  it('wants the right to finalize the owner of those who make it wait', async () => {
    const asked: string[] = [];
    await open([NAME], {}, (attributes) => {
      if (!('resource' in attributes) || attributes.subresource !== 'finalizers') return true;
      asked.push([attributes.group, attributes.resource, attributes.namespace, attributes.name].join('/'));
      return false;
    });
    const blocking = { ...owner, blockOwnerDeletion: true };
    await expect(call('create', 'configmaps', { body: body(blocking) })).rejects.toMatchObject({
      message:
        'configmaps "c" is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource you can\'t set finalizers on: no rule, <nil>',
    });
    expect(asked).toEqual(['*/*//*', 'apps/replicasets/n/r']);
    await expect(call('create', 'configmaps', { body: body({ ...blocking, kind: 'Nope' }) })).rejects.toMatchObject({
      message: expect.stringContaining(
        'cannot find RESTMapping for APIVersion apps/v1 Kind Nope: no matches for kind "Nope" in version "apps/v1"',
      ),
    });
  });
});

describe('PodNodeSelector', () => {
  const annotate = (text: string) =>
    api.call('patch', 'namespaces', {
      name: 'n',
      patchType: 'merge',
      body: { metadata: { annotations: { 'scheduler.alpha.kubernetes.io/node-selector': text } } },
    });
  const config = (standard: string, most = '') => ({ podNodeSelector: { standard, allowed: new Map([['n', most]]) } });

  it('adds the labels of the namespace, or else of the cluster, and refuses others', async () => {
    await open(['PodNodeSelector'], config('env=test'));
    expect((await create('a', { nodeSelector: { disk: 'ssd' } })).spec?.nodeSelector).toEqual({ env: 'test', disk: 'ssd' });
    await annotate('region=west, zone=1');
    expect((await create('b')).spec?.nodeSelector).toEqual({ region: 'west', zone: '1' });
    await expect(create('c', { nodeSelector: { zone: '2' } })).rejects.toMatchObject({
      code: 403,
      message: 'pods "c" is forbidden: pod node label selector conflicts with its namespace node label selector',
    });
    await annotate('nonsense');
    await expect(create('d')).rejects.toMatchObject({ code: 500, message: 'invalid selector: [nonsense]' });
    await annotate('-a=b');
    await expect(create('e')).rejects.toMatchObject({ message: expect.stringMatching(/^<nil>: Invalid value: "-a": name part must/) });
    await annotate('a=-b');
    await expect(create('f')).rejects.toMatchObject({ message: expect.stringMatching(/^\[a\]: Invalid value: "-b": a valid label must/) });
  });

  it('keeps pods to the labels that the operator allows their namespace', async () => {
    await open(['PodNodeSelector'], config('', 'env=test'));
    await create('a', { nodeSelector: { env: 'test' } });
    await expect(create('b', { nodeSelector: { disk: 'ssd' } })).rejects.toMatchObject({
      message: 'pods "b" is forbidden: pod node label selector labels conflict with its namespace whitelist',
    });
  });
});

describe('PodTolerationRestriction', () => {
  const spot = { key: 'spot', operator: 'Exists', effect: 'NoSchedule' } as const;
  const gone = ['not-ready', 'unreachable'].map((key) => ({ key: `node.kubernetes.io/${key}`, operator: 'Exists', effect: 'NoExecute' }));

  it('adds the tolerations of the cluster or namespace, and one for memory pressure where memory is asked for', async () => {
    await open(['PodTolerationRestriction'], { podTolerationRestriction: { standard: [spot], allowed: [] } });
    expect(tolerationsOf(await create('a'))).toEqual([spot]);
    const memory = { requests: { memory: '1Mi' } };
    const pressure = { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' };
    expect(tolerationsOf(await create('b', { containers: [container({ resources: memory })] }))).toEqual([spot, pressure]);
    const annotations = { 'scheduler.alpha.kubernetes.io/defaultTolerations': '' };
    await api.call('patch', 'namespaces', { name: 'n', patchType: 'merge', body: { metadata: { annotations } } });
    expect(tolerationsOf(await create('c'))).toEqual([]);
  });

  it('refuses tolerations that are not allowed', async () => {
    await open(['PodTolerationRestriction'], { podTolerationRestriction: { standard: [], allowed: [spot, ...gone] } });
    await create('a', { tolerations: [spot] });
    const message = (scope: string) =>
      `pod tolerations (possibly merged with namespace default tolerations) conflict with its ${scope} whitelist`;
    await expect(create('b', { tolerations: [{ ...spot, key: 'gpu' }] })).rejects.toMatchObject({ code: 500, message: message('cluster') });
    const annotations = { 'scheduler.alpha.kubernetes.io/tolerationsWhitelist': JSON.stringify(gone) };
    await api.call('patch', 'namespaces', { name: 'n', patchType: 'merge', body: { metadata: { annotations } } });
    await expect(create('c', { tolerations: [spot] })).rejects.toMatchObject({ message: message('namespace') });
    await api.call('patch', 'namespaces', {
      name: 'n',
      patchType: 'merge',
      body: { metadata: { annotations: { 'scheduler.alpha.kubernetes.io/tolerationsWhitelist': 'nope' } } },
    });
    await expect(create('d')).rejects.toMatchObject({ code: 500, message: "invalid character 'o' in literal null (expecting 'u')" });
  });
});

it('EventRateLimit lets in so many events of a namespace', async () => {
  await open(['EventRateLimit'], { eventRateLimit: [{ type: 'Namespace', perSecond: 1, burst: 2, remembered: 10 }] });
  const tell = (name: string) =>
    call('create', 'events', { body: { metadata: { name }, involvedObject: { kind: 'Pod', name: 'p', namespace: 'n' } } });
  await tell('a');
  await tell('b');
  await expect(tell('c')).rejects.toMatchObject({
    code: 429,
    message: 'Too many requests: limit reached on type Namespace for key n',
  });
});

describe('ResourceQuota', () => {
  const limited = (more: object) => ({ resourceQuota: [{ group: '', plural: 'pods', names: [], scopes: [], ...more }] });
  const quota = (spec: object) => call('create', 'resourcequotas', { body: { metadata: { name: 'q' }, spec } });

  it('wants a quota for what the operator limits', async () => {
    await open([], limited({ names: ['requests.cpu'] }));
    await create('free');
    const asking = { containers: [container({ resources: { requests: { cpu: '1' } } })] };
    await expect(create('a', asking)).rejects.toMatchObject({
      code: 403,
      message: 'pods "a" is forbidden: insufficient quota to consume: requests.cpu',
    });
    await quota({ hard: { 'requests.cpu': '2' } });
    await create('b', asking);
  });

  it('wants a quota for scopes that the operator limits', async () => {
    await open([], limited({ scopes: [{ scopeName: 'PriorityClass', operator: 'In', values: ['cluster-services'] }] }));
    await create('free');
    const body = { metadata: { name: 'cluster-services' }, value: 1 };
    await api.call('create', 'priorityclasses.scheduling.k8s.io', { body });
    const important = { priorityClassName: 'cluster-services' };
    await expect(create('a', important)).rejects.toMatchObject({
      code: 500,
      message: 'insufficient quota to match these scopes: [{PriorityClass In [cluster-services]}]',
    });
    const matchExpressions = [{ scopeName: 'PriorityClass', operator: 'In', values: ['cluster-services'] }];
    await quota({ hard: { pods: '1' }, scopeSelector: { matchExpressions } });
    await create('b', important);
  });
});
