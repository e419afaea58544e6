import { afterAll, describe, expect, test } from 'vitest';
import type { ConfigMap, Deployment } from './support/kinds.ts';
import { kubectl, otherVersions } from './support/kubectl.ts';
import { configMap, container, deployment } from './support/manifests.ts';
import { scope } from './support/scope.ts';

afterAll(() => kubectl(['delete', 'namespace', '-l', 'e2e=ssa', '--wait=false']));

/** The one on PATH, and the oldest that is here. */
const versions = [['on PATH', undefined] as const, ...otherVersions.slice(0, 1).map((version) => [version, version] as const)];

describe.each(versions)('server-side apply with kubectl %s', (_, version) => {
  const name = `e2e-ssa-${version?.replace('.', '-') ?? 'path'}`;
  const ns = scope(name, { version });
  const apply = (object: object, ...flags: string[]) =>
    ns.with({ input: JSON.stringify(object), mayFail: true }, 'apply', '--server-side', '-f', '-', ...flags);
  const managers = async (kind: string, object: string) => {
    const { metadata } = await ns.json<ConfigMap>('get', kind, object, '--show-managed-fields');
    return (metadata?.managedFields ?? []).map(({ manager, operation }) => `${manager} ${operation}`);
  };

  test('creates, leaves alone, changes, and takes away what is left out', async () => {
    await kubectl(['create', 'namespace', name], { version });
    await kubectl(['label', 'namespace', name, 'e2e=ssa'], { version });
    expect((await apply(configMap('made', { a: '1', b: '2' }))).stdout).toBe('configmap/made serverside-applied\n');
    const before = await ns.json<ConfigMap>('get', 'cm', 'made');
    await apply(configMap('made', { a: '1', b: '2' }));
    expect((await ns.json<ConfigMap>('get', 'cm', 'made')).metadata?.resourceVersion).toBe(before.metadata?.resourceVersion);
    await apply(configMap('made', { a: '3' }));
    expect((await ns.json<ConfigMap>('get', 'cm', 'made')).data).toEqual({ a: '3' });
    expect(await managers('cm', 'made')).toEqual(['kubectl Apply']);
    expect(await ns.run('get', 'cm', 'made', '-o', 'yaml')).not.toContain('managedFields');
  });

  test('conflicts with other managers until it is told to force', async () => {
    await apply(configMap('shared', { a: '1' }), '--field-manager=first');
    const refused = await apply(configMap('shared', { a: '2' }), '--field-manager=second');
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain('Apply failed with 1 conflict: conflict with "first": .data.a');
    expect(refused.stderr).toContain('--force-conflicts');
    expect((await apply(configMap('shared', { a: '2' }), '--field-manager=second', '--force-conflicts')).exitCode).toBe(0);
    expect(await managers('cm', 'shared')).toEqual(['second Apply']);
  });

  test('merges the containers of several appliers', async () => {
    const one = deployment('merged', 0, { containers: [container('x', { name: 'one' })] });
    const { image } = container('x', { name: 'two' });
    const two = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'merged' },
      spec: { template: { spec: { containers: [{ name: 'two', image }] } } },
    };
    await apply(one, '--field-manager=a');
    expect((await apply(two, '--field-manager=b')).stderr).toBe('');
    const names = async () => (await ns.json<Deployment>('get', 'deployment', 'merged')).spec?.template.spec?.containers.map((c) => c.name);
    expect(await names()).toEqual(['one', 'two']);
    await apply({ ...two, spec: {} }, '--field-manager=b');
    expect(await names()).toEqual(['one']);
  });

  test('shows with diff what it would change, and changes nothing', async () => {
    await apply(configMap('differs', { a: 'old' }));
    const different = await ns.with(
      { input: JSON.stringify(configMap('differs', { a: 'new' })), mayFail: true },
      'diff',
      '--server-side',
      '-f',
      '-',
    );
    expect(different).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/^- {2}a: old\n\+ {2}a: new$/m) });
    expect((await ns.json<ConfigMap>('get', 'cm', 'differs')).data).toEqual({ a: 'old' });
    const dry = await apply(configMap('dry', { a: '1' }), '--dry-run=server');
    expect(dry.stdout).toBe('configmap/dry serverside-applied (server dry run)\n');
    expect((await ns.fails('get', 'cm', 'dry')).stderr).toContain('not found');
  });

  test('takes over what was applied from the client’s side', async () => {
    await ns.apply(configMap('moved', { a: '1', b: '2' }));
    expect(await managers('cm', 'moved')).toEqual(['kubectl-client-side-apply Update']);
    expect(await apply(configMap('moved', { a: '3' }))).toMatchObject({ exitCode: 0 });
    expect((await ns.json<ConfigMap>('get', 'cm', 'moved')).data).toEqual({ a: '3' });
    // The annotation belongs to the manager that kubectl uses for the move.
    expect(await managers('cm', 'moved')).toEqual(['kubectl-last-applied Apply', 'kubectl Apply']);
  });

  test('knows who scales, labels and edits', async () => {
    await ns.apply(deployment('owned', 0));
    await ns.run('scale', 'deployment/owned', '--replicas=0');
    await ns.run('label', 'deployment/owned', 'by=label');
    await ns.until<Deployment>('the controller reports', 'deployment/owned', ({ status }) => status?.observedGeneration === 1);
    const entries = (await ns.json<Deployment>('get', 'deployment', 'owned', '--show-managed-fields')).metadata?.managedFields ?? [];
    const called = entries.map(({ manager, subresource }) => [manager, subresource].filter(Boolean).join(' ')).sort();
    // The revision, an annotation, goes with the status (upstream: updateStatus).
    expect(called).toEqual(['kube-controller-manager status', 'kubectl-client-side-apply', 'kubectl-label']);
  });

  test('reports what is wrong with a configuration', async () => {
    const typo = { ...configMap('typo', {}), spec: { a: 1 } };
    expect((await apply(typo, '--validate=false')).stderr).toContain('.spec: field not declared in schema');
    const twice = deployment('twice', 0, { containers: [container('x', { name: 'c' }), container('x', { name: 'c' })] });
    expect((await apply(twice, '--validate=false')).stderr).toContain('duplicate entries for key [name="c"]');
  });
});
