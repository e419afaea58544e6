import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cronTabs } from '../../src/server/crd/fake-crds.ts';
import { routes } from '../../src/server/crd/fake-routes.ts';
import { kubectl } from './support/kubectl.ts';
import { eventually } from './support/poll.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('custom-resources');
const CRD = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };
const tab = (name: string, spec: object = {}) => ({
  apiVersion: 'stable.example.com/v1',
  kind: 'CronTab',
  metadata: { name },
  spec: { cronSpec: '* * * * */5', image: 'my-awesome-cron-image', ...spec },
});
const remove = (name: string) => kubectl(['delete', 'crd', name, '--ignore-not-found'], {});

beforeAll(async () => {
  await ns.apply({ ...CRD, ...cronTabs() }, { ...CRD, ...routes() });
  await kubectl([
    'wait',
    '--for=condition=Established',
    'crd/crontabs.stable.example.com',
    'crd/routes.gateway.example.com',
    '--timeout=10s',
  ]);
});
afterAll(async () => {
  await remove('crontabs.stable.example.com');
  await remove('routes.gateway.example.com');
});

describe('a kind that a CustomResourceDefinition brings', () => {
  test('is found by its short name, printed in its columns, and explained', async () => {
    await ns.apply(tab('a'));
    expect(await ns.run('get', 'ct')).toMatch(/^NAME\s+SPEC\s+REPLICAS\s+AGE\na\s+\* \* \* \* \*\/5\s+1\s+\d+s\n$/);
    expect(await ns.run('api-resources', '--api-group=stable.example.com')).toMatch(
      /^crontabs\s+ct\s+stable\.example\.com\/v1\s+true\s+CronTab$/m,
    );
    expect(await ns.run('explain', 'crontab.spec')).toMatch(/cronSpec\s+<string>/);
    expect(await ns.run('get', 'crd', 'crontabs.stable.example.com')).toMatch(/^NAME\s+CREATED AT\n/);
  });

  test('refuses what does not fit, naming the fields, and what it does not know', async () => {
    const { stderr } = await ns.with(
      { mayFail: true, input: JSON.stringify(tab('b', { cronSpec: 'never', replicas: 15 })) },
      'create',
      '-f',
      '-',
    );
    expect(stderr).toContain("spec.cronSpec in body should match '");
    expect(stderr).toContain('spec.replicas: Invalid value: 15: spec.replicas in body should be less than or equal to 10');
    const strict = await ns.with({ mayFail: true, input: JSON.stringify(tab('b', { colour: 'red' })) }, 'create', '-f', '-');
    expect(strict.stderr).toContain('strict decoding error: unknown field "spec.colour"');
    const { stdout } = await ns.with(
      { input: JSON.stringify(tab('c', { colour: 'red' })) },
      'create',
      '--validate=ignore',
      '-o',
      'json',
      '-f',
      '-',
    );
    expect(JSON.parse(stdout).spec).not.toHaveProperty('colour');
  });

  test('scales, and keeps its status apart', async () => {
    await ns.apply(tab('scaled'));
    expect(await ns.run('scale', 'crontab/scaled', '--replicas=3')).toContain('scaled');
    const body = JSON.stringify({ status: { replicas: 2 } });
    await ns.run('patch', 'crontab', 'scaled', '--subresource=status', '--type=merge', '-p', body);
    expect(await ns.json('get', 'crontab', 'scaled')).toMatchObject({
      spec: { replicas: 3 },
      status: { replicas: 2 },
      metadata: { generation: 2 },
    });
  });

  test('is applied, edited and labelled like any other', async () => {
    await ns.apply(tab('edited'));
    expect(await ns.apply(tab('edited', { image: 'other' }))).toContain('configured');
    expect(await ns.apply(tab('edited', { image: 'other' }))).toContain('unchanged');
    await ns.run('label', 'crontab', 'edited', 'a=b');
    expect(await ns.run('get', 'crontabs', '-l', 'a=b', '-o', 'name')).toBe('crontab.stable.example.com/edited\n');
  });

  test('is checked by its rules', async () => {
    const route = (rules: object[]) => ({
      apiVersion: 'gateway.example.com/v1',
      kind: 'Route',
      metadata: { name: 'r' },
      spec: { parentRefs: [{ name: 'gw' }], rules },
    });
    const { stderr } = await ns.with(
      { mayFail: true, input: JSON.stringify(route([{ backendRefs: [{ name: 'web' }] }])) },
      'create',
      '-f',
      '-',
    );
    expect(stderr).toContain('spec.rules[0].backendRefs[0]: Invalid value: Must have port for Service reference');
    await ns.apply(route([{ backendRefs: [{ name: 'web', port: 80 }] }]));
    expect(await ns.run('get', 'route', 'r', '-o', 'jsonpath={.spec.rules[0].matches[0].path.type}')).toBe('PathPrefix');
  });

  test('goes with its definition, and its objects with it', async () => {
    await ns.apply(tab('last'));
    await remove('crontabs.stable.example.com');
    const { stderr } = await ns.fails('get', 'crontabs');
    expect(stderr).toMatch(/the server doesn't have a resource type "crontabs"|could not find the requested resource/);
    await ns.apply({ ...CRD, ...cronTabs() });
    await eventually('it is served again', async () => (await ns.with({ mayFail: true }, 'get', 'crontabs')).exitCode === 0);
    expect((await ns.with({}, 'get', 'crontabs')).stderr).toContain('No resources found');
  });
});
