import type { Registry } from '../../api/registry.ts';
import { aggregatedDiscovery, type DiscoveryVersion } from './aggregated.ts';
import { type Document, jsonDocument } from './document.ts';
import { coreVersions, groupDocument, groupList, resourceList } from './lists.ts';

export interface DiscoveryOptions {
  /** What is served now. Definitions that come and go at run time (CustomResourceDefinitions) give a new registry each time. */
  readonly registry: () => Registry;
  /** `host:port` under which clients in the cluster reach this server. */
  readonly serverAddress: string;
}

export interface Discovery {
  /**
   * The document at `/` (every path that is served), `/api`, `/api/v1`, `/apis`, `/apis/GROUP` or `/apis/GROUP/VERSION`, or undefined when nothing is served there. `accept` is the
   * request's header; answers for /api and /apis vary with it. Documents are kept until the registry changes.
   */
  find(path: string, accept: string | undefined): Document | undefined;
}

export function createDiscovery({ registry, serverAddress }: DiscoveryOptions): Discovery {
  const kept = new WeakMap<Registry, Map<string, Document | undefined>>();
  return {
    find(path, accept) {
      const current = registry();
      const documents = kept.get(current) ?? new Map<string, Document | undefined>();
      kept.set(current, documents);
      const clean = path.replace(/\/+$/, '');
      const version = clean === '/api' || clean === '/apis' ? acceptedVersion(accept) : undefined;
      const key = `${clean} ${version}`;
      const known = documents.get(key);
      if (known) return known;
      const built = build(current, serverAddress, clean, version);
      if (built) documents.set(key, built);
      return built;
    },
  };
}

/** The first media type that is aggregated discovery decides; undefined means the unaggregated lists. */
export function acceptedVersion(accept = ''): DiscoveryVersion | undefined {
  for (const type of accept.split(',')) {
    const parameters = new Set(type.split(';').map((part) => part.trim()));
    if (!parameters.has('as=APIGroupDiscoveryList') || !parameters.has('g=apidiscovery.k8s.io')) continue;
    if (parameters.has('v=v2')) return 'v2';
    if (parameters.has('v=v2beta1')) return 'v2beta1';
  }
  return undefined;
}

function build(registry: Registry, serverAddress: string, path: string, aggregated: DiscoveryVersion | undefined): Document | undefined {
  if (path === '' || path === '/index.html') return jsonDocument({ paths: servedPaths(registry) });
  const [empty, root, group = '', version, ...rest] = path.split('/');
  if (empty !== '' || rest.length > 0) return undefined;
  if (root === 'api') {
    if (version !== undefined) return undefined;
    if (group !== '') return resources(registry, '', group);
    return aggregated ? aggregate(registry, root, aggregated) : jsonDocument(coreVersions(registry, serverAddress));
  }
  if (root !== 'apis') return undefined;
  if (group === '') return aggregated ? aggregate(registry, root, aggregated) : jsonDocument(groupList(registry));
  if (version !== undefined) return resources(registry, group, version);
  const found = registry.groups.find((candidate) => candidate.name === group);
  return found && jsonDocument(groupDocument(found));
}

/** What is served besides resources. */
const OTHER_PATHS = [
  '/.well-known/openid-configuration',
  '/flagz',
  '/healthz',
  '/livez',
  '/metrics',
  '/openapi/v2',
  '/openapi/v3',
  '/openid/v1/jwks',
  '/readyz',
  '/statusz',
  '/version',
];

/** What `/` lists. */
export function servedPaths(registry: Registry): string[] {
  const versions = registry.groups.flatMap(({ name, versions }) =>
    versions.map((version) => (name === '' ? `/api/${version}` : `/apis/${name}/${version}`)),
  );
  const groups = registry.groups.filter(({ name }) => name !== '').map(({ name }) => `/apis/${name}`);
  return ['/api', '/apis', ...groups, ...versions, ...OTHER_PATHS].sort();
}

const aggregate = (registry: Registry, root: 'api' | 'apis', version: DiscoveryVersion): Document =>
  jsonDocument(
    aggregatedDiscovery(registry, root, version),
    `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
  );

const resources = (registry: Registry, group: string, version: string): Document | undefined =>
  registry.inVersion(group, version).length > 0 ? jsonDocument(resourceList(registry, group, version)) : undefined;
