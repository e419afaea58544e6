import { PassThrough, Readable } from 'node:stream';
import {
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  Exec,
  KubeConfig,
  KubernetesObjectApi,
  Log,
  makeInformer,
  PatchStrategy,
  PortForward,
  type V1ConfigMap,
  V1MicroTime,
  Watch,
} from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { container, IMAGE, PAGE, pod, webContainer } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('client-node');
const { namespace } = ns;
const config = new KubeConfig();
config.loadFromFile(process.env.MINIK_E2E_KUBECONFIG ?? '');
const core = config.makeApiClient(CoreV1Api);
const objects = KubernetesObjectApi.makeApiClient(config);

const configMap = (name: string, data: Record<string, string>, labels?: Record<string, string>): V1ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace, ...(labels && { labels }) },
  data,
});
const codeOf = (error: unknown) => (error as { code?: number }).code;

test('creates, reads, replaces, patches in every way and deletes', async () => {
  const created = await core.createNamespacedConfigMap({ namespace, body: configMap('a', { x: '1' }) });
  expect(created.metadata?.creationTimestamp).toBeInstanceOf(Date);
  await expect(core.createNamespacedConfigMap({ namespace, body: configMap('a', {}) })).rejects.toSatisfy((e) => codeOf(e) === 409);
  const replaced = await core.replaceNamespacedConfigMap({ name: 'a', namespace, body: { ...created, data: { x: '2' } } });
  expect(replaced.data).toEqual({ x: '2' });
  const stale = core.replaceNamespacedConfigMap({ name: 'a', namespace, body: { ...created, data: { x: '3' } } });
  await expect(stale).rejects.toSatisfy((e) => codeOf(e) === 409);
  const json = [{ op: 'replace', path: '/data/x', value: '4' }];
  expect((await core.patchNamespacedConfigMap({ name: 'a', namespace, body: json })).data).toEqual({ x: '4' });
  for (const [strategy, data] of [
    [PatchStrategy.MergePatch, { y: '5' }],
    [PatchStrategy.StrategicMergePatch, { z: '6' }],
  ] as const) {
    await objects.patch(configMap('a', data), undefined, undefined, undefined, undefined, strategy);
  }
  expect((await core.readNamespacedConfigMap({ name: 'a', namespace })).data).toEqual({ x: '4', y: '5', z: '6' });
  await core.deleteNamespacedConfigMap({ name: 'a', namespace });
  await expect(core.readNamespacedConfigMap({ name: 'a', namespace })).rejects.toSatisfy((e) => codeOf(e) === 404);
});

test('applies on the server, and is told of conflicts', async () => {
  const apply = (data: Record<string, string>, manager: string, force = false) =>
    objects.patch(configMap('applied', data), undefined, undefined, manager, force, PatchStrategy.ServerSideApply);
  await apply({ shared: '1', first: '1' }, 'one');
  const conflict = await apply({ shared: '2' }, 'two').catch((error: unknown) => error);
  expect(codeOf(conflict)).toBe(409);
  expect(String((conflict as { body?: unknown }).body)).toContain('conflict with \\"one\\": .data.shared');
  expect((await apply({ shared: '2' }, 'two', true)).data).toEqual({ shared: '2', first: '1' });
  expect((await apply({}, 'one')).data).toEqual({ shared: '2' });
});

test('pages through a list and selects by labels', async () => {
  for (const n of [1, 2, 3, 4, 5])
    await core.createNamespacedConfigMap({ namespace, body: configMap(`page-${n}`, {}, { page: String(n % 2) }) });
  const names: (string | undefined)[] = [];
  let _continue: string | undefined;
  do {
    const page = await core.listNamespacedConfigMap({ namespace, labelSelector: 'page', limit: 2, _continue });
    names.push(...page.items.map((item) => item.metadata?.name));
    _continue = page.metadata?._continue;
  } while (_continue);
  expect(names).toEqual(['page-1', 'page-2', 'page-3', 'page-4', 'page-5']);
  const odd = await core.listNamespacedConfigMap({ namespace, labelSelector: 'page=1' });
  expect(odd.items).toHaveLength(3);
});

test('an informer sees what is there, what comes, changes and goes', async () => {
  await core.createNamespacedConfigMap({ namespace, body: configMap('before', { n: '0' }, { informed: 'yes' }) });
  const labelSelector = 'informed=yes';
  const list = () => core.listNamespacedConfigMap({ namespace, labelSelector });
  const informer = makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, list, labelSelector);
  const seen: string[] = [];
  for (const event of ['add', 'update', 'delete'] as const) informer.on(event, (item) => void seen.push(`${event} ${item.metadata?.name}`));
  await informer.start();
  await core.createNamespacedConfigMap({ namespace, body: configMap('later', { n: '1' }, { informed: 'yes' }) });
  await core.createNamespacedConfigMap({ namespace, body: configMap('other', {}) });
  await core.patchNamespacedConfigMap({ name: 'later', namespace, body: [{ op: 'replace', path: '/data/n', value: '2' }] });
  await core.deleteNamespacedConfigMap({ name: 'before', namespace });
  await eventually('the informer saw all', () => seen.length >= 4);
  expect(seen).toEqual(['add before', 'add later', 'update later', 'delete before']);
  expect(informer.list(namespace).map((item) => item.data)).toEqual([{ n: '2' }]);
  await informer.stop();
});

test('watches from a revision, with bookmarks allowed', async () => {
  const { metadata } = await core.listNamespacedSecret({ namespace });
  await core.createNamespacedSecret({ namespace, body: { metadata: { name: 'watched' }, stringData: { k: 'v' } } });
  const seen: string[] = [];
  const query = { resourceVersion: metadata?.resourceVersion, allowWatchBookmarks: true };
  const watching = await new Watch(config).watch(
    `/api/v1/namespaces/${namespace}/secrets`,
    query,
    (phase: string, object: { metadata: { name: string } }) => void seen.push(`${phase} ${object.metadata.name}`),
    () => {},
  );
  await eventually('the watch saw the Secret', () => seen.includes('ADDED watched'));
  watching.abort();
});

test('runs commands and follows logs', async () => {
  await core.createNamespacedPod({
    namespace,
    body: pod('shell', { containers: [container('echo started; cat')].map((c) => ({ ...c, stdin: true })) }) as never,
  });
  await ns.podReady('shell');
  const out = new PassThrough();
  const text: string[] = [];
  out.setEncoding('utf8').on('data', (chunk: string) => text.push(chunk));
  const ended = Promise.withResolvers<string | undefined>();
  const command = ['sh', '-c', 'cat; exit 3'];
  await new Exec(config).exec(namespace, 'shell', 'main', command, out, null, Readable.from(['typed\n']), false, (status) =>
    ended.resolve(status.details?.causes?.[0]?.message),
  );
  expect(await ended.promise).toBe('3');
  expect(text.join('')).toBe('typed\n');
  const log = new PassThrough();
  const lines: string[] = [];
  log.setEncoding('utf8').on('data', (chunk: string) => lines.push(chunk));
  const closed = new Promise((resolve) => log.once('end', resolve));
  await new Log(config).log(namespace, 'shell', 'main', log, { follow: true });
  await eventually('the log came', () => lines.join('') === 'started\n');
  expect((await core.readNamespacedPod({ name: 'shell', namespace })).spec?.containers[0]?.image).toBe(IMAGE);
  await core.deleteNamespacedPod({ name: 'shell', namespace });
  await closed;
});

test('forwards ports, and says which port nobody listens on', async () => {
  await core.createNamespacedPod({ namespace, body: pod('forwarded', { containers: [webContainer()] }) as never });
  await ns.podReady('forwarded');
  const forward = async (port: number) => {
    const streams = { answer: new PassThrough(), errors: new PassThrough() };
    const heard = { answer: [] as string[], errors: [] as string[] };
    for (const name of ['answer', 'errors'] as const)
      streams[name].setEncoding('utf8').on('data', (text: string) => heard[name].push(text));
    // The client closes the connection where its input ends, whatever is still on its way to it.
    const request = new PassThrough();
    request.write('GET / HTTP/1.0\r\n\r\n');
    await new PortForward(config).portForward(namespace, 'forwarded', [port], streams.answer, streams.errors, request);
    await eventually('something came back', () => heard.answer.join('').endsWith(PAGE) || heard.errors.length > 0);
    request.end();
    return { answer: heard.answer.join(''), errors: heard.errors.join('') };
  };
  expect((await forward(8080)).answer).toContain('200 OK');
  expect((await forward(8081)).errors).toContain('error forwarding port 8081');
  await core.deleteNamespacedPod({ name: 'forwarded', namespace });
});

test('of two candidates for a Lease one wins, and the other takes over when it is given up', async () => {
  const leases = config.makeApiClient(CoordinationV1Api);
  const lease = await leases.createNamespacedLease({
    namespace,
    body: { metadata: { name: 'leader' }, spec: { leaseDurationSeconds: 15, leaseTransitions: 0 } },
  });
  const claim = (holderIdentity: string, from = lease) =>
    leases.replaceNamespacedLease({
      name: 'leader',
      namespace,
      body: { ...from, spec: { ...from.spec, holderIdentity, renewTime: new V1MicroTime() } },
    });
  const results = await Promise.allSettled([claim('one'), claim('two')]);
  expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
  const held = await leases.readNamespacedLease({ name: 'leader', namespace });
  expect(new Date(String(held.spec?.renewTime)).getTime()).not.toBeNaN();
  const loser = held.spec?.holderIdentity === 'one' ? 'two' : 'one';
  const taken = await claim(loser, held);
  expect(taken.spec?.holderIdentity).toBe(loser);
});

test('works with custom objects as soon as they are defined', async () => {
  const group = 'client-node.example.com';
  const schema = {
    type: 'object',
    properties: { spec: { type: 'object', properties: { size: { type: 'integer', minimum: 1, _default: 3 } }, _default: {} } },
  };
  await objects.create({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `gadgets.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'gadgets', kind: 'Gadget' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  } as never);
  const custom = config.makeApiClient(CustomObjectsApi);
  const where = { group, version: 'v1', namespace, plural: 'gadgets' };
  const body = { apiVersion: `${group}/v1`, kind: 'Gadget', metadata: { name: 'one' } };
  const made = await eventually('the kind is served', () => custom.createNamespacedCustomObject({ ...where, body }));
  expect(made).toMatchObject({ spec: { size: 3 } });
  const bad = custom.createNamespacedCustomObject({ ...where, body: { ...body, metadata: { name: 'two' }, spec: { size: 0 } } });
  await expect(bad).rejects.toSatisfy((e) => codeOf(e) === 422);
  expect(await custom.listNamespacedCustomObject(where)).toMatchObject({ items: [{ metadata: { name: 'one' } }] });
  await ns.run('delete', 'crd', `gadgets.${group}`);
});
