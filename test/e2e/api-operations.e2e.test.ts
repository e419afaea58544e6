import { get, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { CoreV1Api, KubeConfig, type KubernetesObject, KubernetesObjectApi, PatchStrategy, Watch } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { inBackground, kubectl } from './support/kubectl.ts';
import { configMap } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { testNamespace } from './support/scope.ts';

/** What upstream's conformance tests call "should support … API operations", for kinds that have nothing else to show at run time. */
const ns = testNamespace('api-operations');
const config = new KubeConfig();
config.loadFromFile(process.env.MINIK_E2E_KUBECONFIG ?? '');
const objects = KubernetesObjectApi.makeApiClient(config);
const core = config.makeApiClient(CoreV1Api);

const clientConfig = { url: 'https://webhook.example.com/x' };
const rules = [{ apiGroups: ['none.example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['things'] }];
const hook = { name: 'a.example.com', clientConfig, rules, sideEffects: 'None', admissionReviewVersions: ['v1'] };
const matchConstraints = { resourceRules: rules };
const ADMISSION = 'admissionregistration.k8s.io/v1';
const FLOW = 'flowcontrol.apiserver.k8s.io/v1';

interface Case {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly content: object;
  readonly status?: object;
}

const cases: readonly Case[] = [
  {
    apiVersion: FLOW,
    kind: 'FlowSchema',
    plural: 'flowschemas',
    content: { spec: { matchingPrecedence: 9000, priorityLevelConfiguration: { name: 'global-default' } } },
    status: { conditions: [{ type: 'Tried', status: 'True', lastTransitionTime: null, reason: 'Tried', message: 'tried' }] },
  },
  {
    apiVersion: FLOW,
    kind: 'PriorityLevelConfiguration',
    plural: 'prioritylevelconfigurations',
    content: { spec: { type: 'Limited', limited: { nominalConcurrencyShares: 2, limitResponse: { type: 'Reject' } } } },
    status: { conditions: [{ type: 'Tried', status: 'True', lastTransitionTime: null, reason: 'Tried', message: 'tried' }] },
  },
  {
    apiVersion: ADMISSION,
    kind: 'MutatingWebhookConfiguration',
    plural: 'mutatingwebhookconfigurations',
    content: { webhooks: [hook] },
  },
  {
    apiVersion: ADMISSION,
    kind: 'ValidatingWebhookConfiguration',
    plural: 'validatingwebhookconfigurations',
    content: { webhooks: [hook] },
  },
  {
    apiVersion: ADMISSION,
    kind: 'ValidatingAdmissionPolicy',
    plural: 'validatingadmissionpolicies',
    content: { spec: { matchConstraints, validations: [{ expression: 'object.spec.replicas <= 100' }] } },
    status: {
      conditions: [{ type: 'Tried', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z', reason: 'Tried', message: 'tried' }],
    },
  },
  {
    apiVersion: ADMISSION,
    kind: 'ValidatingAdmissionPolicyBinding',
    plural: 'validatingadmissionpolicybindings',
    content: { spec: { policyName: 'none.example.com', validationActions: ['Deny'] } },
  },
  {
    apiVersion: ADMISSION,
    kind: 'MutatingAdmissionPolicy',
    plural: 'mutatingadmissionpolicies',
    content: {
      spec: {
        matchConstraints,
        reinvocationPolicy: 'Never',
        mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: '[JSONPatch{op: "test", path: "/kind", value: "x"}]' } }],
      },
    },
  },
  {
    apiVersion: ADMISSION,
    kind: 'MutatingAdmissionPolicyBinding',
    plural: 'mutatingadmissionpolicybindings',
    content: { spec: { policyName: 'none.example.com' } },
  },
];

describe.each(cases)('$kind', ({ apiVersion, kind, plural, content, status }) => {
  const labels = { operations: 'tried' };
  const object = (name: string) => ({ apiVersion, kind, metadata: { name, labels }, ...content }) as KubernetesObject;
  const list = async () =>
    (await objects.list(apiVersion, kind, undefined, undefined, undefined, undefined, undefined, 'operations=tried')).items;

  test('is in discovery', async () => {
    const { resources } = JSON.parse((await kubectl(['get', '--raw', `/apis/${apiVersion}`])).stdout) as { resources: { name: string }[] };
    const names = resources.map((resource) => resource.name);
    expect(names).toContain(plural);
    expect(names.includes(`${plural}/status`)).toBe(status !== undefined);
  });

  test('is created, read, listed, watched, patched, replaced, and deleted alone and by the collection', async () => {
    const seen: string[] = [];
    const see = (phase: string, item: KubernetesObject) => void seen.push(`${phase} ${item.metadata?.name}`);
    const watching = await new Watch(config).watch(`/apis/${apiVersion}/${plural}`, { labelSelector: 'operations=tried' }, see, () => {});
    const one = await objects.create(object('op-one'));
    await objects.create(object('op-two'));
    expect(await objects.read({ apiVersion, kind, metadata: { name: 'op-one' } })).toMatchObject({ metadata: { uid: one.metadata?.uid } });
    expect((await list()).map((item) => item.metadata?.name)).toEqual(['op-one', 'op-two']);
    const change = { apiVersion, kind, metadata: { name: 'op-one', annotations: { patched: 'true' } } } as KubernetesObject;
    const patched = await objects.patch(change, undefined, undefined, undefined, undefined, PatchStrategy.MergePatch);
    expect(patched.metadata?.annotations).toMatchObject({ patched: 'true' });
    const replaced = await objects.replace({ ...patched, metadata: { ...patched.metadata, annotations: { replaced: 'true' } } });
    expect(replaced.metadata?.annotations).toEqual({ replaced: 'true' });
    await objects.delete(object('op-one'));
    await kubectl(['delete', `${plural}.${apiVersion.split('/')[0]}`, '-l', 'operations=tried']);
    expect(await list()).toEqual([]);
    await eventually('the end was seen', () => seen.includes('DELETED op-two'));
    // Controllers may write the status in between.
    const others = seen.filter((event) => !event.startsWith('MODIFIED'));
    expect(others).toEqual(['ADDED op-one', 'ADDED op-two', 'DELETED op-one', 'DELETED op-two']);
    expect(seen.filter((event) => event === 'MODIFIED op-one').length).toBeGreaterThanOrEqual(2);
    watching.abort();
  });
});

test.each(cases.filter(({ status }) => status))('$kind has a status of its own', async ({ apiVersion, kind, plural, content, status }) => {
  const object = { apiVersion, kind, metadata: { name: 'op-status' }, ...content } as KubernetesObject;
  await objects.create(object);
  const resource = `${plural}.${apiVersion.split('/')[0]}`;
  await kubectl(['patch', resource, 'op-status', '--subresource=status', '--type=merge', '-p', JSON.stringify({ status })]);
  const read = (await objects.read({ apiVersion, kind, metadata: { name: 'op-status' } })) as { status?: { conditions?: object[] } };
  expect(read.status?.conditions).toContainEqual(expect.objectContaining({ type: 'Tried', status: 'True' }));
  await objects.delete(object);
});

describe('a Namespace', () => {
  test('is patched, updated, has a status of its own, and waits for a finalizer', async () => {
    const name = 'e2e-api-operations-other';
    await core.createNamespace({ body: { metadata: { name } } });
    await kubectl(['label', 'namespace', name, 'patched=yes']);
    const read = await core.readNamespace({ name });
    expect(read.metadata?.labels).toEqual({ 'kubernetes.io/metadata.name': name, patched: 'yes' });
    const finalizing = { ...read, spec: { finalizers: [...(read.spec?.finalizers ?? []), 'example.com/held'] } };
    await kubectl(['replace', '--raw', `/api/v1/namespaces/${name}/finalize`, '-f', '-'], { input: JSON.stringify(finalizing) });
    const conditions = [{ type: 'Tried', status: 'True' }];
    await kubectl(['patch', 'namespace', name, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status: { conditions } })]);
    expect((await core.readNamespace({ name })).status).toMatchObject({ phase: 'Active', conditions: [{ type: 'Tried' }] });
    await kubectl(['delete', 'namespace', name, '--wait=false']);
    const held = await eventually('only the finalizer is left', async () => {
      const found = await core.readNamespace({ name });
      return found.spec?.finalizers?.join() === 'example.com/held' && found;
    });
    expect(held.status?.phase).toBe('Terminating');
    const released = { ...(await core.readNamespace({ name })), spec: { finalizers: [] } };
    await kubectl(['replace', '--raw', `/api/v1/namespaces/${name}/finalize`, '-f', '-'], { input: JSON.stringify(released) });
    await eventually('it is gone', async () => (await kubectl(['get', 'namespace', name], { mayFail: true })).exitCode === 1);
  });
});

test('watches at the same time see the same events in the same order', async () => {
  const { metadata } = await core.listNamespacedConfigMap({ namespace: ns.namespace });
  const seen: string[][] = [[], [], [], []];
  const path = `/api/v1/namespaces/${ns.namespace}/configmaps`;
  const query = { resourceVersion: metadata?.resourceVersion };
  const see = (list: string[]) => (phase: string, item: KubernetesObject) =>
    void list.push(`${phase} ${item.metadata?.name} ${item.metadata?.resourceVersion}`);
  const watches = await Promise.all(seen.map((list) => new Watch(config).watch(path, query, see(list), () => {})));
  const change = async (name: string) => {
    await core.createNamespacedConfigMap({ namespace: ns.namespace, body: configMap(name, { n: '0' }) as never });
    for (const n of ['1', '2', '3']) {
      const body = [{ op: 'replace', path: '/data/n', value: n }];
      await core.patchNamespacedConfigMap({ name, namespace: ns.namespace, body });
    }
    await core.deleteNamespacedConfigMap({ name, namespace: ns.namespace });
  };
  await Promise.all(['order-a', 'order-b', 'order-c', 'order-d'].map(change));
  await eventually('every watch saw all', () => seen.every((list) => list.length >= 20));
  for (const list of seen) expect(list).toEqual(seen[0]);
  for (const watching of watches) watching.abort();
});

describe('kubectl proxy', () => {
  test('listens on a port of its own choice', async () => {
    await using proxy = inBackground('kubectl', ['proxy', '--port=0', '--disable-filter']);
    await proxy.says(/127\.0\.0\.1:\d+/);
    const [, address] = /(127\.0\.0\.1:\d+)/.exec(proxy.stdout) ?? [];
    expect(await (await fetch(`http://${address}/api/`)).json()).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
  });

  test('listens on a Unix socket', async () => {
    const path = `${process.env.MINIK_E2E_DIR}/proxy.sock`;
    await using proxy = inBackground('kubectl', ['proxy', `--unix-socket=${path}`]);
    await proxy.says(/Starting to serve/);
    const answer = await new Promise<IncomingMessage>((resolve) => get({ socketPath: path, path: '/api/' }, resolve));
    expect(await json(answer)).toMatchObject({ kind: 'APIVersions' });
  });
});
