import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { ConfigMap, Deployment } from './support/kinds.ts';
import { configMap, container, deployment } from './support/manifests.ts';
import { list, testNamespace } from './support/scope.ts';

const ns = testNamespace('change');
const directory = mkdtempSync(join(tmpdir(), 'minik-change-'));
afterAll(() => rmSync(directory, { recursive: true }));
const data = async (name: string) => (await ns.json<ConfigMap>('get', 'cm', name)).data;

test('apply creates, leaves alone, changes, and takes away what was left out', async () => {
  expect(await ns.apply(configMap('applied', { a: '1', b: '2' }))).toBe('configmap/applied created\n');
  expect(await ns.apply(configMap('applied', { a: '1', b: '2' }))).toBe('configmap/applied unchanged\n');
  await ns.run('patch', 'cm', 'applied', '-p', '{"data":{"other":"kept"}}');
  expect(await ns.apply(configMap('applied', { a: '3' }))).toBe('configmap/applied configured\n');
  expect(await data('applied')).toEqual({ a: '3', other: 'kept' });
});

test("apply merges a pod template's lists by their keys", async () => {
  const two = [
    container('sleep 1', {
      name: 'one',
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ],
    }),
    container('x', { name: 'two' }),
  ];
  await ns.apply(deployment('merged', 0, { containers: two }));
  await ns.apply(deployment('merged', 0, { containers: [container('sleep 2', { name: 'one', env: [{ name: 'B', value: '3' }] })] }));
  const { spec } = await ns.json<Deployment>('get', 'deployment', 'merged');
  expect(spec?.template.spec?.containers).toHaveLength(1);
  expect(spec?.template.spec?.containers[0]).toMatchObject({
    name: 'one',
    command: ['sh', '-c', 'sleep 2'],
    env: [{ name: 'B', value: '3' }],
  });
});

test('apply --prune removes what is no longer in the set', async () => {
  const both = list([1, 2].map((i) => ({ ...configMap(`pruned-${i}`, {}), metadata: { name: `pruned-${i}`, labels: { set: 'p' } } })));
  await ns.with({ input: both }, 'apply', '-f', '-');
  const one = list([{ ...configMap('pruned-1', {}), metadata: { name: 'pruned-1', labels: { set: 'p' } } }]);
  const { stdout } = await ns.with({ input: one }, 'apply', '-f', '-', '--prune', '-l', 'set=p', '--prune-allowlist=core/v1/ConfigMap');
  expect(stdout).toContain('configmap/pruned-2 pruned');
});

test('diff shows what apply would change with exit code 1, and nothing with 0', async () => {
  await ns.apply(configMap('differs', { a: 'old' }));
  const different = await ns.with({ input: list([configMap('differs', { a: 'new' })]), mayFail: true }, 'diff', '-f', '-');
  expect(different).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/^- {2}a: old\n\+ {2}a: new$/m) });
  expect(await ns.with({ input: list([configMap('differs', { a: 'old' })]) }, 'diff', '-f', '-')).toMatchObject({
    exitCode: 0,
    stdout: '',
  });
});

test('edit saves what the editor wrote', async () => {
  const editor = join(directory, 'editor');
  writeFileSync(editor, '#!/bin/sh\nsed -i s/before/after/ "$1"\n');
  chmodSync(editor, 0o755);
  await ns.apply(configMap('edited', { text: 'before' }));
  const { stdout } = await ns.with({ env: { EDITOR: editor } }, 'edit', 'cm', 'edited');
  expect(stdout).toBe('configmap/edited edited\n');
  expect(await data('edited')).toEqual({ text: 'after' });
});

test('JSON patches test, add, move and remove; a test that fails changes nothing', async () => {
  await ns.apply(configMap('json', { a: '1', b: '2' }));
  const patch = (ops: object[]) => ns.with({ mayFail: true }, 'patch', 'cm', 'json', '--type=json', '-p', JSON.stringify(ops));
  await patch([
    { op: 'test', path: '/data/a', value: '1' },
    { op: 'move', from: '/data/a', path: '/data/c' },
    { op: 'add', path: '/data/d', value: 'x' },
    { op: 'remove', path: '/data/b' },
  ]);
  expect(await data('json')).toEqual({ c: '1', d: 'x' });
  const failed = await patch([
    { op: 'add', path: '/data/e', value: 'x' },
    { op: 'test', path: '/data/c', value: 'wrong' },
  ]);
  expect(failed).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('the server rejected our request due to an error in our request'),
  });
  expect(await data('json')).toEqual({ c: '1', d: 'x' });
});

test('merge patches replace lists, strategic ones merge them by key', async () => {
  await ns.apply(deployment('patched', 0));
  const containers = async () => (await ns.json<Deployment>('get', 'deployment', 'patched')).spec?.template.spec?.containers ?? [];
  const side = JSON.stringify({ spec: { template: { spec: { containers: [{ name: 'side', image: 'example.com/side:1' }] } } } });
  await ns.run('patch', 'deployment', 'patched', '--type=strategic', '-p', side);
  expect((await containers()).map((c) => c.name).sort()).toEqual(['main', 'side']);
  await ns.run('patch', 'deployment', 'patched', '--type=merge', '-p', side);
  expect((await containers()).map((c) => c.name)).toEqual(['side']);
  const removal = JSON.stringify({
    spec: {
      template: {
        spec: {
          containers: [
            { name: 'new', image: 'x' },
            { name: 'side', $patch: 'delete' },
          ],
        },
      },
    },
  });
  await ns.run('patch', 'deployment', 'patched', '-p', removal);
  expect((await containers()).map((c) => c.name)).toEqual(['new']);
});

test('patch --subresource=status and scale change only those', async () => {
  await ns.apply(deployment('sub', 0));
  await ns.run('patch', 'deployment', 'sub', '--subresource=scale', '--type=merge', '-p', '{"spec":{"replicas":0}}');
  const before = (await ns.json<Deployment>('get', 'deployment', 'sub')).metadata?.generation;
  await ns.run(
    'patch',
    'deployment',
    'sub',
    '--subresource=status',
    '--type=merge',
    '-p',
    '{"status":{"observedGeneration":1},"spec":{"replicas":9}}',
  );
  const after = await ns.json<Deployment>('get', 'deployment', 'sub');
  expect([after.spec?.replicas, after.metadata?.generation]).toEqual([0, before]);
});

test('label and annotate set, refuse to overwrite, and remove', async () => {
  await ns.apply(configMap('marked', {}));
  expect(await ns.run('label', 'cm', 'marked', 'tier=front')).toBe('configmap/marked labeled\n');
  expect((await ns.fails('label', 'cm', 'marked', 'tier=back')).stderr).toContain(
    "'tier' already has a value (front), and --overwrite is false",
  );
  await ns.run('label', 'cm', 'marked', 'tier=back', '--overwrite');
  await ns.run('annotate', 'cm', '-l', 'tier=back', 'note=some text');
  const { metadata } = await ns.json<ConfigMap>('get', 'cm', 'marked');
  expect(metadata).toMatchObject({ labels: { tier: 'back' }, annotations: { note: 'some text' } });
  await ns.run('label', 'cm', 'marked', 'tier-');
  await ns.run('annotate', 'cm', 'marked', 'note-');
  const bare = (await ns.json<ConfigMap>('get', 'cm', 'marked')).metadata;
  expect(bare?.labels).toBeUndefined();
  expect(bare?.annotations).not.toHaveProperty('note');
  expect((await ns.fails('label', 'cm', 'marked', 'bad=-x-')).stderr).toContain(
    'a valid label must be an empty string or consist of alphanumeric',
  );
});

test('replace puts a whole object, and refuses one that somebody changed meanwhile', async () => {
  await ns.apply(configMap('whole', { a: '1' }));
  const old = await ns.json<ConfigMap>('get', 'cm', 'whole');
  const replace = (object: object, ...flags: string[]) =>
    ns.with({ input: JSON.stringify(object), mayFail: true }, 'replace', '-f', '-', ...flags);
  expect((await replace({ ...old, data: { b: '2' } })).stdout).toBe('configmap/whole replaced\n');
  expect(await data('whole')).toEqual({ b: '2' });
  expect((await replace({ ...old, data: { c: '3' } })).stderr).toContain(
    'the object has been modified; please apply your changes to the latest version',
  );
  expect((await replace(configMap('whole', { d: '4' }), '--force', '--grace-period=0')).exitCode).toBe(0);
  expect((await ns.json<ConfigMap>('get', 'cm', 'whole')).metadata?.uid).not.toBe(old.metadata?.uid);
});

test('set image, env and resources change a template', async () => {
  await ns.apply(deployment('set', 0));
  await ns.run('set', 'image', 'deployment/set', 'main=example.com/other:2');
  await ns.run('set', 'env', 'deployment/set', 'A=1');
  await ns.run('set', 'resources', 'deployment/set', '--limits=cpu=200m,memory=64Mi');
  expect((await ns.json<Deployment>('get', 'deployment', 'set')).spec?.template.spec?.containers[0]).toMatchObject({
    image: 'example.com/other:2',
    env: [{ name: 'A', value: '1' }],
    resources: { limits: { cpu: '200m', memory: '64Mi' } },
  });
});

test('immutable fields and objects stay as they are', async () => {
  await ns.apply(deployment('fixed', 0), { ...configMap('sealed', { a: '1' }), immutable: true });
  const { stderr } = await ns.fails('patch', 'deployment', 'fixed', '-p', '{"spec":{"selector":{"matchLabels":{"app":"x"}}}}');
  expect(stderr).toContain('field is immutable');
  expect((await ns.fails('patch', 'cm', 'sealed', '-p', '{"data":{"a":"2"}}')).stderr).toContain(
    'field is immutable when `immutable` is set',
  );
});
