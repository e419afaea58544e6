import { describe, expect, it } from 'vitest';
import { apiVersionOf } from '../../api/define.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import type { ApiRequest } from '../../api/transport.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { openStore } from '../../store/open.ts';
import { type FakeApi, fakeApi } from '../fake-api.ts';

type Any = KubeObject & { spec?: Record<string, unknown>; status?: Record<string, unknown>; webhooks?: object[]; rules?: object[] };

const inDefault = { namespace: 'default' };
const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
const workload = { selector: { matchLabels: { app: 'a' } }, template };
const zeroTemplate = {
  metadata: { labels: { app: 'a' }, generateName: '' },
  spec: { containers: [{ name: 'c', image: 'i', tty: false }], hostPID: false, nodeName: '' },
};
const container = {
  name: 'c',
  image: 'i',
  stdin: false,
  tty: false,
  workingDir: '',
  ports: [{ containerPort: 80, hostPort: 0, hostIP: '', name: '' }],
  volumeMounts: [{ name: 'v', mountPath: '/v', readOnly: false, subPath: '' }],
  env: [{ name: 'A', value: '' }],
  livenessProbe: { tcpSocket: { port: 80, host: '' }, successThreshold: 0, initialDelaySeconds: 0 },
  securityContext: { privileged: false, runAsUser: 0 },
};
const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] };
const webhook = { name: 'a.b.c', sideEffects: 'None', admissionReviewVersions: ['v1'], timeoutSeconds: 1, rules: [rule] };

const create = (api: FakeApi, id: string, body: object, rest: Partial<ApiRequest> = inDefault) =>
  api.call<Any>('create', id, { ...rest, body: { metadata: { name: 'a' }, ...body } });

/** In a namespace where the kind has one. */
async function created(id: string, body: object): Promise<Any> {
  const api = await fakeApi();
  return create(api, id, body, api.resources.definitions.byId(id)?.scope === 'Namespaced' ? inDefault : {});
}

/** The same for objects that were made alike. */
const contentOf = (object: Any) => ({ ...object, metadata: undefined, status: undefined });

describe('zeros of new objects', () => {
  it('of a Pod are not shown, but those of pointers are', async () => {
    const spec = {
      containers: [container],
      volumes: [
        { name: 'v', hostPath: { path: '/', type: '' } },
        { name: 's', secret: { secretName: 's', optional: false } },
      ],
      hostNetwork: false,
      hostname: '',
      priorityClassName: '',
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      tolerations: [{ operator: 'Exists', key: '', value: '', tolerationSeconds: 0, effect: 'NoExecute' }],
    };
    const pod = await created('pods', { spec });
    expect(pod.spec).not.toHaveProperty('hostNetwork');
    expect(pod.spec).not.toHaveProperty('hostname');
    expect(pod.spec).not.toHaveProperty('priorityClassName');
    expect(pod.spec).toMatchObject({ terminationGracePeriodSeconds: 0, automountServiceAccountToken: false });
    expect(pod.spec?.tolerations).toEqual([{ operator: 'Exists', tolerationSeconds: 0, effect: 'NoExecute' }]);
    expect(pod.spec?.volumes).toEqual([
      { name: 'v', hostPath: { path: '/', type: '' } },
      { name: 's', secret: { secretName: 's', optional: false, defaultMode: 420 } },
    ]);
    expect(pod.spec?.containers).toEqual([
      {
        name: 'c',
        image: 'i',
        ports: [{ containerPort: 80, protocol: 'TCP' }],
        volumeMounts: [{ name: 'v', mountPath: '/v' }],
        env: [{ name: 'A' }],
        livenessProbe: { tcpSocket: { port: 80 }, timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 },
        securityContext: { privileged: false, runAsUser: 0 },
        resources: {},
        imagePullPolicy: 'Always',
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
      },
    ]);
  });

  const cases: [id: string, body: object, same: object][] = [
    [
      'services',
      { spec: { ports: [{ port: 1, name: '', nodePort: 0 }], clusterIP: '', publishNotReadyAddresses: false, externalName: '' } },
      { spec: { ports: [{ port: 1 }] } },
    ],
    ['deployments.apps', { spec: { ...workload, template: zeroTemplate, paused: false, minReadySeconds: 0 } }, { spec: workload }],
    ['statefulsets.apps', { spec: { ...workload, minReadySeconds: 0, podManagementPolicy: '' } }, { spec: workload }],
    ['daemonsets.apps', { spec: { ...workload, minReadySeconds: 0 } }, { spec: workload }],
    ['replicasets.apps', { spec: { ...workload, minReadySeconds: 0 } }, { spec: workload }],
    ['replicationcontrollers', { spec: { template, minReadySeconds: 0 } }, { spec: { template } }],
    [
      'cronjobs.batch',
      {
        spec: {
          schedule: '* * * * *',
          concurrencyPolicy: '',
          jobTemplate: { spec: { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never', hostIPC: false } } } },
        },
      },
      {
        spec: {
          schedule: '* * * * *',
          jobTemplate: { spec: { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } } },
        },
      },
    ],
    ['serviceaccounts', { secrets: [{ name: 's', namespace: '', uid: '' }] }, { secrets: [{ name: 's' }] }],
    ['secrets', { type: '' }, {}],
    ['nodes', { spec: { podCIDR: '', unschedulable: false, providerID: '' } }, {}],
    [
      'persistentvolumeclaims',
      { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1' } }, volumeName: '' } },
      { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1' } } } },
    ],
    [
      'ingresses.networking.k8s.io',
      { spec: { rules: [{ host: '' }], tls: [{ secretName: '', hosts: ['a.b'] }] } },
      { spec: { rules: [{}], tls: [{ hosts: ['a.b'] }] } },
    ],
    [
      'storageclasses.storage.k8s.io',
      { provisioner: 'p', reclaimPolicy: 'Delete', allowVolumeExpansion: false },
      { provisioner: 'p', reclaimPolicy: 'Delete', allowVolumeExpansion: false },
    ],
    ['priorityclasses.scheduling.k8s.io', { value: 0, globalDefault: false, description: '' }, { value: 0 }],
    [
      'validatingwebhookconfigurations.admissionregistration.k8s.io',
      { webhooks: [{ ...webhook, clientConfig: { url: 'https://a', caBundle: '' } }] },
      { webhooks: [{ ...webhook, clientConfig: { url: 'https://a' } }] },
    ],
    [
      'customresourcedefinitions.apiextensions.k8s.io',
      crd(
        { type: 'object', properties: { a: { type: 'string', nullable: false, format: '', maxLength: 0, default: '' } } },
        { deprecated: false },
      ),
      crd({ type: 'object', properties: { a: { type: 'string', maxLength: 0, default: '' } } }),
    ],
  ];
  it.each(cases)('of %s are not shown', async (id, body, same) => {
    const [a, b] = [await created(id, named(id, body)), await created(id, named(id, same))];
    expect(contentOf(a)).toEqual(contentOf(b));
  });
});

function crd(openAPIV3Schema: object, more: object = {}) {
  const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema }, ...more };
  return { spec: { group: 'x.io', scope: 'Namespaced', names: { plural: 'ws', kind: 'W' }, versions: [version] } };
}

const named = (id: string, body: object) => (id.startsWith('customresource') ? { metadata: { name: 'ws.x.io' }, ...body } : body);

describe('zeros that are written', () => {
  const deployment = { spec: { ...workload, minReadySeconds: 5 } };
  const place = { ...inDefault, name: 'a' };
  const writes: [how: string, write: (made: Any) => Partial<ApiRequest> & { verb: 'update' | 'patch' }][] = [
    ['an update', (made) => ({ verb: 'update', body: { ...made, spec: { ...made.spec, minReadySeconds: 0, paused: false } } })],
    ['a merge patch', () => ({ verb: 'patch', patchType: 'merge', body: { spec: { minReadySeconds: 0, paused: false } } })],
    ['a strategic merge patch', () => ({ verb: 'patch', patchType: 'strategic', body: { spec: { minReadySeconds: 0, paused: false } } })],
    [
      'a JSON patch',
      () => ({
        verb: 'patch',
        patchType: 'json',
        body: [
          { op: 'replace', path: '/spec/minReadySeconds', value: 0 },
          { op: 'add', path: '/spec/paused', value: false },
        ],
      }),
    ],
    [
      'an apply',
      () => ({
        verb: 'patch',
        patchType: 'apply',
        options: { fieldManager: 'me', force: true },
        body: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' }, spec: { minReadySeconds: 0, paused: false } },
      }),
    ],
  ];
  it.each(writes)('by %s take the field away', async (_, write) => {
    const api = await fakeApi();
    const made = await create(api, 'deployments.apps', deployment);
    const { verb, ...rest } = write(made);
    const after = await api.call<Any>(verb, 'deployments.apps', { ...place, ...rest });
    expect(after.spec).not.toHaveProperty('minReadySeconds');
    expect(after.spec).not.toHaveProperty('paused');
    expect(after.metadata?.generation).toBe(2);
  });

  it('where there are none change nothing', async () => {
    const api = await fakeApi();
    const made = await create(api, 'deployments.apps', { spec: workload });
    const patched = await api.call<Any>('patch', 'deployments.apps', { ...place, patchType: 'merge', body: { spec: { paused: false } } });
    expect(patched.metadata).toEqual(made.metadata);
  });

  it('into a status stay only where upstream shows them', async () => {
    const api = await fakeApi();
    const made = await create(api, 'replicasets.apps', { spec: workload });
    const status = { replicas: 0, readyReplicas: 0, terminatingReplicas: 0, observedGeneration: 1 };
    const after = await api.call<Any>('update', 'replicasets.apps', { ...place, subresource: 'status', body: { ...made, status } });
    expect(after.status).toEqual({ replicas: 0, terminatingReplicas: 0, observedGeneration: 1 });
  });

  it('stay in custom resources, but not in their metadata', async () => {
    const api = await fakeApi();
    const definition = {
      metadata: { name: 'ws.x.io' },
      ...crd({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as object),
    };
    const made = await create(api, 'customresourcedefinitions.apiextensions.k8s.io', definition, {});
    const status = {
      acceptedNames: { plural: 'ws', kind: 'W' },
      storedVersions: ['v1'],
      conditions: [{ type: 'Established', status: 'True' }],
    };
    await api.resources.serve([{ ...made, status } as never]);
    const body = { apiVersion: 'x.io/v1', kind: 'W', metadata: { name: 'a', generateName: '' }, spec: { on: false, count: 0, text: '' } };
    const widget = await create(api, 'ws.x.io', body);
    expect(widget.spec).toEqual({ on: false, count: 0, text: '' });
    expect(widget.metadata).not.toHaveProperty('generateName');
  });

  it('as a Scale scale to nothing, and are not shown in the answer', async () => {
    const api = await fakeApi();
    await create(api, 'deployments.apps', deployment);
    const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'a' }, spec: { replicas: 0 } };
    const answer = await api.call<Any>('update', 'deployments.apps', { ...place, subresource: 'scale', body: scale });
    expect([answer.spec, answer.status]).toEqual([{}, { replicas: 0, selector: 'app=a' }]);
    expect((await api.call<Any>('get', 'deployments.apps', place)).spec).toHaveProperty('replicas', 0);
  });
});

describe('applied zeros', () => {
  const configuration = (spec: object) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'a' },
    spec: { ...workload, ...spec },
  });
  const apply = (api: FakeApi, fieldManager: string, spec: object, force = false) =>
    api.call<Any>('patch', 'deployments.apps', {
      ...inDefault,
      name: 'a',
      patchType: 'apply',
      body: configuration(spec),
      options: { fieldManager, force },
    });
  const owns = (object: Any, manager: string) => {
    const fields = object.metadata?.managedFields?.find((entry) => entry.manager === manager)?.fieldsV1 as
      | { 'f:spec'?: object }
      | undefined;
    return Object.keys(fields?.['f:spec'] ?? {}).includes('f:paused');
  };

  it('are owned, though the object does not have them', async () => {
    const api = await fakeApi();
    const made = await apply(api, 'one', { paused: false });
    expect(made.spec).not.toHaveProperty('paused');
    expect(owns(made, 'one')).toBe(true);
  });

  it('are applied again without a new state', async () => {
    const api = await fakeApi();
    const made = await apply(api, 'one', { paused: false });
    api.clock.advance(5000);
    expect((await apply(api, 'one', { paused: false })).metadata).toEqual(made.metadata);
  });

  it('are given up by the next apply without them', async () => {
    const api = await fakeApi();
    await apply(api, 'one', { paused: false });
    const after = await apply(api, 'one', {});
    expect([owns(after, 'one'), after.spec?.paused]).toEqual([false, undefined]);
  });

  it('conflict with those of others, to whom they look added', async () => {
    const api = await fakeApi();
    await apply(api, 'one', { paused: false });
    await expect(apply(api, 'two', { paused: false })).rejects.toMatchObject({
      reason: 'Conflict',
      message: expect.stringContaining('.spec.paused'),
    });
    const forced = await apply(api, 'two', { paused: false }, true);
    expect([owns(forced, 'one'), owns(forced, 'two')]).toEqual([false, true]);
  });

  it('end with an update that sets the field, whose zeros nobody owns', async () => {
    const api = await fakeApi();
    await apply(api, 'one', { paused: false });
    const write = (spec: object) =>
      api.call<Any>('patch', 'deployments.apps', {
        ...inDefault,
        name: 'a',
        patchType: 'merge',
        body: { spec },
        options: { fieldManager: 'two' },
      });
    const set = await write({ paused: true });
    expect([owns(set, 'one'), owns(set, 'two')]).toEqual([false, true]);
    const unset = await write({ paused: false });
    expect([owns(unset, 'one'), owns(unset, 'two')]).toEqual([false, false]);
  });
});

describe('zeros that an earlier version stored', () => {
  /** The API over a store in which the object lies with the zeros that today's API leaves out. */
  async function withStored(id: string, body: object, zeros: (spec: Record<string, unknown>) => object): Promise<FakeApi> {
    const store = await openStore({ url: 'memory:', clock: fakeClock(), log: silentLogger });
    const first = await fakeApi({ store });
    const { metadata, ...rest } = await create(first, id, body);
    const { resourceVersion = '', ...kept } = metadata ?? {};
    const definition = first.resources.definitions.byId(id);
    if (!definition) throw new Error(id);
    const object = { ...rest, apiVersion: apiVersionOf(definition), kind: definition.kind, metadata: kept, spec: zeros(rest.spec ?? {}) };
    const [entry] = (await store.list(`/registry/${definition.group || 'core'}/${definition.plural}/`)).entries;
    await store.put(entry?.key ?? '', Buffer.from(JSON.stringify(object)), { expected: Number(resourceVersion) });
    return fakeApi({ store });
  }
  const zeroPod = (spec: Record<string, unknown>) => ({
    ...spec,
    hostNetwork: false,
    containers: (spec.containers as object[]).map((c) => ({ ...c, tty: false })),
  });
  const place = { ...inDefault, name: 'a' };

  it('are read, and do not stand in the way of writes that may not change them', async () => {
    const api = await withStored('pods', { spec: template.spec }, zeroPod);
    expect((await api.call<Any>('get', 'pods', place)).spec).toHaveProperty('hostNetwork', false);
    const labels = { metadata: { labels: { a: 'b' } } };
    for (const patchType of ['merge', 'strategic'] as const) await api.call('patch', 'pods', { ...place, patchType, body: labels });
    const after = await api.call<Any>('get', 'pods', place);
    expect(after.spec).not.toHaveProperty('hostNetwork');
    expect(after.metadata?.generation).toBe(1);
  });

  it('go with the next write of the status', async () => {
    const api = await withStored('pods', { spec: template.spec }, zeroPod);
    const body = { status: { phase: 'Running' } };
    const after = await api.call<Any>('patch', 'pods', { ...place, subresource: 'status', patchType: 'strategic', body });
    expect(after.spec).not.toHaveProperty('hostNetwork');
    expect(after.status).toHaveProperty('phase', 'Running');
  });
});

describe('lists that every object shows', () => {
  const driver = { name: 'd', nodeID: 'n' };
  const onExit = { action: 'Count', onExitCodes: { operator: 'In', values: [1] } };
  const job = { template: { spec: { ...template.spec, restartPolicy: 'Never' } } };
  const pod = (sources: object[]) => ({ spec: { ...template.spec, volumes: [{ name: 'v', projected: { sources, defaultMode: 420 } }] } });

  it.each<[id: string, path: string, body: (list: object[]) => object]>([
    ['endpointslices.discovery.k8s.io', 'endpoints', (endpoints) => ({ addressType: 'IPv4', endpoints, ports: [] })],
    ['endpointslices.discovery.k8s.io', 'ports', (ports) => ({ addressType: 'IPv4', endpoints: [], ports })],
    ['limitranges', 'spec.limits', (limits) => ({ spec: { limits } })],
    ['csinodes.storage.k8s.io', 'spec.drivers', (drivers) => ({ spec: { drivers } })],
    ['csinodes.storage.k8s.io', 'spec.drivers.0.topologyKeys', (topologyKeys) => ({ spec: { drivers: [{ ...driver, topologyKeys }] } })],
    ['jobs.batch', 'spec.podFailurePolicy.rules', (rules) => ({ spec: { ...job, podFailurePolicy: { rules } } })],
    ['pods', 'spec.volumes.0.projected.sources', pod],
    ['roles.rbac.authorization.k8s.io', 'rules', (rules) => ({ rules })],
    ['clusterroles.rbac.authorization.k8s.io', 'rules', (rules) => ({ rules })],
  ])('of %s: %s that is empty is null, as upstream stores it', async (id, path, body) => {
    const found = path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], await created(id, body([])));
    expect(found).toBeNull();
  });

  it('are kept where there is something in them', async () => {
    const { spec } = await created('jobs.batch', { spec: { ...job, podFailurePolicy: { rules: [onExit] } } });
    expect(spec?.podFailurePolicy).toEqual({ rules: [onExit] });
  });
});

it.each<[id: string, path: string, body: object, shown: unknown]>([
  [
    'endpointslices.discovery.k8s.io',
    'endpoints.0.hints',
    { addressType: 'IPv4', endpoints: [{ addresses: ['1.2.3.4'], hints: { forZones: [{}] } }], ports: [] },
    { forZones: [{ name: '' }] },
  ],
  [
    'pods',
    'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution.0',
    { spec: { ...template.spec, affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1 }] } } } },
    { weight: 1, preference: {} },
  ],
])('%s show %s whole', async (id, path, body, shown) => {
  const found = path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], await created(id, body));
  expect(found).toEqual(shown);
});
