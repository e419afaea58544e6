import { afterAll, describe, expect, test } from 'vitest';
import { kubectl, otherVersions } from './support/kubectl.ts';
import { configMap, deployment } from './support/manifests.ts';
import { list, scope } from './support/scope.ts';

afterAll(() => kubectl(['delete', 'namespace', '-l', 'e2e=versions', '--wait=false']));

describe.each(otherVersions)('kubectl %s', (version) => {
  const name = `e2e-kubectl-${version.replace('.', '-')}`;
  const ns = scope(name, { version });

  test('creates, applies, changes and reads', async () => {
    await kubectl(['create', 'namespace', name], { version });
    await kubectl(['label', 'namespace', name, 'e2e=versions'], { version });
    await ns.apply(configMap('map', { a: '1' }), deployment('web', 1));
    expect(await ns.apply(configMap('map', { a: '2' }))).toBe('configmap/map configured\n');
    await ns.run('patch', 'cm', 'map', '--type=merge', '-p', '{"data":{"b":"3"}}');
    expect(await ns.run('get', 'cm', 'map', '-o', 'jsonpath={.data}')).toBe('{"a":"2","b":"3"}');
    const different = await ns.with({ input: list([configMap('map', { a: '9' })]), mayFail: true }, 'diff', '-f', '-');
    expect(different.exitCode).toBe(1);
    expect(await ns.run('rollout', 'status', 'deployment/web', '--timeout=60s')).toContain('successfully rolled out');
    expect(await ns.run('get', 'deployments')).toMatch(/^web\s+1\/1\s+1\s+1\s/m);
  });

  test('runs commands, reads logs, and waits', async () => {
    expect(await ns.run('exec', 'deployment/web', '--', 'echo', 'hello')).toBe('hello\n');
    expect((await ns.fails('exec', 'deployment/web', '--', 'sh', '-c', 'exit 5')).exitCode).toBe(5);
    expect(await ns.run('logs', 'deployment/web')).toBe('');
    expect(await ns.run('wait', '--for=condition=Available', 'deployment/web', '--timeout=20s')).toContain('condition met');
  });

  test('explains, describes and discovers', async () => {
    expect(await ns.run('explain', 'deployment.spec.replicas')).toMatch(/replicas\s+<integer>/);
    expect(await ns.run('describe', 'deployment', 'web')).toMatch(/^Name:\s+web$/m);
    expect(await ns.run('api-resources')).toMatch(/^deployments\s+deploy\s+apps\/v1/m);
    expect(await ns.run('auth', 'can-i', 'create', 'pods')).toBe('yes\n');
    expect(await ns.run('events')).toContain('ScalingReplicaSet');
  });

  test('deletes in the foreground', async () => {
    await ns.run('delete', 'deployment', 'web', '--cascade=foreground', '--timeout=40s');
    expect(await ns.run('get', 'deployments,rs,pods', '-o', 'name')).toBe('');
  });
});
