import { describe, expect, it } from 'vitest';
import { definitionOf } from '../../api/apiextensions/custom-resource.ts';
import { defineResource } from '../../api/define.ts';
import { definitions, registry } from '../../api/index.ts';
import { buildRegistry } from '../../api/registry.ts';
import { cronTabs } from '../crd/fake-crds.ts';
import type { aggregatedDiscovery } from './aggregated.ts';
import { acceptsAggregated, createDiscovery } from './discovery.ts';
import { versionDocument } from './version.ts';

const AGGREGATED =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';
const discovery = createDiscovery({ registry: () => registry, serverAddress: '10.0.0.1:6443' });
const read = (path: string, accept?: string) => JSON.parse(discovery.find(path, accept)?.bytes.toString() ?? 'null');

type Version = ReturnType<typeof aggregatedDiscovery>['items'][number]['versions'][number];

/** One line per resource and subresource: what a reviewer wants to see change. */
const describeVersion = (group: string | undefined, { version, resources }: Version): string[] => [
  `${group ? `${group}/` : ''}${version}`,
  ...resources.flatMap((r) => [
    `  ${[r.resource, r.shortNames?.join(',') ?? '-', r.scope, r.responseKind.kind, r.categories?.join(',') ?? '-', r.verbs.join(',')].join(' ')}`,
    ...(r.subresources ?? []).map((s) => `    /${s.subresource} ${s.responseKind.kind} ${s.verbs.join(',')}`),
  ]),
];

interface Entry {
  name: string;
  singularName: string;
}

describe('discovery', () => {
  it('lists every path at the root', () => {
    const { paths } = read('/') as { paths: string[] };
    expect(paths).toEqual(expect.arrayContaining(['/api', '/api/v1', '/apis', '/apis/apps', '/apis/apps/v1', '/openapi/v3', '/version']));
    expect(paths).toEqual([...paths].sort());
    for (const path of paths.filter((p) => p.startsWith('/api'))) expect(read(path)).not.toBeNull();
  });

  it('lists versions of the core group and all others', () => {
    expect(read('/api')).toEqual({
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '10.0.0.1:6443' }],
    });
    const { groups } = read('/apis') as { groups: { name: string; preferredVersion: object; versions: object[] }[] };
    expect(groups.map((group) => group.name)).not.toContain('');
    expect(groups.find((group) => group.name === 'autoscaling')).toEqual({
      name: 'autoscaling',
      versions: [
        { groupVersion: 'autoscaling/v2', version: 'v2' },
        { groupVersion: 'autoscaling/v1', version: 'v1' },
      ],
      preferredVersion: { groupVersion: 'autoscaling/v2', version: 'v2' },
    });
  });

  it('describes one group', () => {
    expect(read('/apis/apps')).toMatchObject({ kind: 'APIGroup', apiVersion: 'v1', name: 'apps', preferredVersion: { version: 'v1' } });
  });

  it('lists each group with a preferred version among its versions, each of which lists its resources', () => {
    interface Group {
      readonly name: string;
      readonly versions: { readonly groupVersion: string; readonly version: string }[];
      readonly preferredVersion: { readonly groupVersion: string; readonly version: string };
    }
    const { groups } = read('/apis') as unknown as { groups: Group[] };
    expect(groups.length).toBeGreaterThan(15);
    for (const group of groups) {
      expect(group.versions).toContainEqual(group.preferredVersion);
      expect(read(`/apis/${group.name}`)).toMatchObject({ kind: 'APIGroup', ...group });
      for (const { groupVersion } of group.versions) {
        const list = read(`/apis/${groupVersion}`) as unknown as { groupVersion: string; resources: Entry[] };
        expect(list).toMatchObject({ kind: 'APIResourceList', groupVersion });
        expect(list.resources.length, groupVersion).toBeGreaterThan(0);
      }
    }
  });

  it('lists resources with their subresources', () => {
    const { groupVersion, resources } = read('/api/v1') as { groupVersion: string; resources: Entry[] };
    expect(groupVersion).toBe('v1');
    expect(resources.find((r) => r.name === 'pods')).toEqual({
      name: 'pods',
      singularName: 'pod',
      namespaced: true,
      kind: 'Pod',
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['po'],
      categories: ['all'],
      storageVersionHash: 'xPOwRZ+Yhw8=',
    });
    expect(resources.find((r) => r.name === 'pods/eviction')).toEqual({
      name: 'pods/eviction',
      singularName: '',
      namespaced: true,
      group: 'policy',
      version: 'v1',
      kind: 'Eviction',
      verbs: ['create'],
    });
    const apps = read('/apis/apps/v1') as { resources: Entry[] };
    expect(apps.resources.find((r) => r.name === 'deployments/scale')).toMatchObject({
      group: 'autoscaling',
      version: 'v1',
      kind: 'Scale',
    });
  });

  it.each([
    ['/apis/apps/v1', 'deployments', '8aSe+NMegvE='],
    ['/apis/autoscaling/v1', 'horizontalpodautoscalers', 'qwQve8ut294='],
    ['/apis/autoscaling/v2', 'horizontalpodautoscalers', 'qwQve8ut294='],
    ['/api/v1', 'events', 'r2yiGXH7wu8='],
    ['/apis/events.k8s.io/v1', 'events', 'r2yiGXH7wu8='],
    ['/apis/authorization.k8s.io/v1', 'subjectaccessreviews', undefined],
    ['/api/v1', 'componentstatuses', undefined],
    ['/apis/apiextensions.k8s.io/v1', 'customresourcedefinitions', 'jfWCUB31mvA='],
    ['/apis/admissionregistration.k8s.io/v1', 'mutatingadmissionpolicies', 'LYmCf+UMVdg='],
    ['/apis/admissionregistration.k8s.io/v1', 'mutatingadmissionpolicybindings', '90V5FRZZ3Zg='],
    ['/api/v1', 'pods/status', undefined],
  ])('tells at %s with upstream’s hash in which version %s are stored', (path, name, storageVersionHash) => {
    const { resources } = read(path) as { resources: (Entry & { storageVersionHash?: string })[] };
    expect(resources.find((r) => r.name === name)?.storageVersionHash).toBe(storageVersionHash);
  });

  it('lists the status of a custom resource before its scale', () => {
    const crd = cronTabs();
    const kinds = crd.spec.versions.map((version) => definitionOf(crd, version));
    const custom = createDiscovery({ registry: () => buildRegistry(kinds), serverAddress: '' });
    const document = JSON.parse(custom.find('/apis/stable.example.com/v1', undefined)?.bytes.toString() ?? 'null');
    expect(document.resources.map(({ name }: Entry) => name)).toEqual(['crontabs', 'crontabs/status', 'crontabs/scale']);
  });

  it('tells of every version of a custom resource in which one it is stored', () => {
    const served = ['v1beta1', 'v1'].map((version) =>
      defineResource({
        group: 'example.com',
        version,
        storageVersion: 'v1',
        kind: 'Widget',
        plural: 'widgets',
        scope: 'Namespaced',
      }),
    );
    const custom = createDiscovery({ registry: () => buildRegistry(served), serverAddress: '' });
    const hashes = ['v1beta1', 'v1'].map((version) => {
      const document = custom.find(`/apis/example.com/${version}`, undefined);
      return (JSON.parse(String(document?.bytes)) as { resources: { storageVersionHash: string }[] }).resources[0]?.storageVersionHash;
    });
    // The first eight bytes of sha256("example.com/v1/Widget").
    expect(hashes).toEqual(['gIwvi5rymmg=', 'gIwvi5rymmg=']);
  });

  it('aggregates everything for clients that ask for it', () => {
    const core = read('/api', AGGREGATED) as { items: { metadata: object; versions: { resources: { resource: string }[] }[] }[] };
    expect(core).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2' });
    expect(core.items).toHaveLength(1);
    expect(core.items[0]?.versions[0]?.resources.find((r) => r.resource === 'services')).toMatchObject({
      responseKind: { group: '', version: '', kind: 'Service' },
      scope: 'Namespaced',
      singularResource: 'service',
      shortNames: ['svc'],
    });
    const named = read('/apis', AGGREGATED) as { items: { metadata: { name: string } }[] };
    expect(named.items.map((item) => item.metadata.name)).toEqual(registry.groups.map((group) => group.name).filter(Boolean));
    expect(discovery.find('/apis', AGGREGATED)?.contentType).toBe('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
  });

  it('serves what the golden file lists', async () => {
    const roots = ['/api', '/apis'].map((path) => read(path, AGGREGATED) as ReturnType<typeof aggregatedDiscovery>);
    const lines = roots.flatMap(({ items }) =>
      items.flatMap(({ metadata, versions }) => versions.flatMap((v) => describeVersion(metadata.name, v))),
    );
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('golden/discovery.txt');
  });

  it('aggregates for those who name that, in the version that is left', () => {
    expect(acceptsAggregated(AGGREGATED)).toBe(true);
    const v2beta1 = AGGREGATED.replaceAll('v=v2;', 'v=v2beta1;');
    for (const accept of [v2beta1, 'application/json', undefined]) expect(acceptsAggregated(accept)).toBe(false);
    expect(acceptsAggregated(`application/json,${AGGREGATED}`)).toBe(true);
    expect(discovery.find('/apis/', AGGREGATED)?.contentType).toBe('application/json');
  });

  it('tells what upstream’s router answers, which takes GET alone', () => {
    const ways = ['/api', '/api/v1', '/apis', '/apis/apps', '/apis/apps/v1', '/apis/apiregistration.k8s.io'];
    const routed = ways.map((path) => discovery.find(path, undefined)?.object?.routed);
    expect(routed).toEqual(['itself', 'itself', undefined, 'below', 'itself', 'itself']);
  });

  it('knows nothing beyond what is served', () => {
    for (const path of [
      '/nope',
      '/api/v2',
      '/api/v1/pods',
      '/apis/nope',
      '/apis/apps/v2',
      '/apis/apps/v1/deployments',
      '/version',
      'api',
    ]) {
      expect(discovery.find(path, undefined), path).toBeUndefined();
    }
    expect(discovery.find('/apis/', undefined)).toBe(discovery.find('/apis', undefined));
  });

  it('gives the same entity tag until the registry changes', () => {
    let current = registry;
    const changing = createDiscovery({ registry: () => current, serverAddress: '' });
    const before = changing.find('/apis', AGGREGATED)?.etag;
    expect(before).toMatch(/^"[0-9A-F]{64}"$/);
    expect(changing.find('/apis', AGGREGATED)?.etag).toBe(before);
    const widgets = defineResource({ group: 'example.com', version: 'v1', kind: 'Widget', plural: 'widgets', scope: 'Namespaced' });
    current = buildRegistry([...definitions, widgets]);
    expect(changing.find('/apis', AGGREGATED)?.etag).not.toBe(before);
    expect(changing.find('/apis/example.com/v1', undefined)?.bytes.toString()).toContain('widgets');
  });
});

describe('the version document', () => {
  it('derives major and minor from the version', () => {
    const { bytes } = versionDocument({
      gitVersion: 'v1.36.2+minik',
      gitCommit: 'c',
      buildDate: '2026-01-01T00:00:00Z',
      platform: 'linux/amd64',
    });
    expect(JSON.parse(bytes.toString())).toMatchObject({ major: '1', minor: '36', gitVersion: 'v1.36.2+minik', platform: 'linux/amd64' });
  });
});
