import type { ApiGroup, Registry } from '../../api/registry.ts';
import { acceptClauses, type Clause } from '../http/accept.ts';
import { aggregatedDiscovery } from './aggregated.ts';
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
      // Upstream aggregates at /apis/ no more than elsewhere.
      const aggregated = (clean === '/api' || path === '/apis') && acceptsAggregated(accept);
      const key = `${clean} ${aggregated}`;
      const known = documents.get(key);
      if (known) return known;
      const built = build(current, serverAddress, clean, aggregated);
      if (built) documents.set(key, built);
      return built;
    },
  };
}

/** Whoever names it gets it, whatever he would rather have. Of aggregated discovery only v2 is left. */
export const acceptsAggregated = (accept = ''): boolean =>
  acceptClauses(accept).some((clause) => JSON_TYPES.has(clause.type) && isAggregated(clause));

const JSON_TYPES = new Set(['application/json', 'application/*', '*/*']);
const isAggregated = ({ parameters }: Clause) =>
  parameters.get('as') === 'APIGroupDiscoveryList' && parameters.get('g') === 'apidiscovery.k8s.io' && parameters.get('v') === 'v2';

function build(registry: Registry, serverAddress: string, path: string, aggregated: boolean): Document | undefined {
  if (path === '' || path === '/index.html') return jsonDocument({ paths: servedPaths(registry) });
  const [empty, root, group = '', version, ...rest] = path.split('/');
  if (empty !== '' || rest.length > 0) return undefined;
  if (root === 'api') {
    if (version !== undefined) return undefined;
    if (group !== '') return resources(registry, '', group);
    return aggregated ? aggregate(registry, root) : jsonDocument(coreVersions(registry, serverAddress), { object: ITSELF });
  }
  if (root !== 'apis') return undefined;
  if (group === '') return aggregated ? aggregate(registry, root) : jsonDocument(groupList(registry), { object: {} });
  if (version !== undefined) return resources(registry, group, version);
  const found = registry.groups.find((candidate) => candidate.name === group);
  return found && jsonDocument(groupDocument(found), { object: routedGroup(registry, found) });
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

/** The group that upstream's aggregator serves by itself. */
const AGGREGATOR = 'apiregistration.k8s.io';

const aggregate = (registry: Registry, root: 'api' | 'apis'): Document =>
  jsonDocument(aggregatedDiscovery(registry, root), {
    contentType: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
    object: root === 'api' ? ITSELF : {},
  });

function resources(registry: Registry, group: string, version: string): Document | undefined {
  if (registry.inVersion(group, version).length === 0) return undefined;
  return jsonDocument(resourceList(registry, group, version), { object: isCustom(registry, group, version) ? {} : ITSELF });
}

const ITSELF = { routed: 'itself' } as const;

const isCustom = (registry: Registry, group: string, version: string): boolean =>
  registry.inVersion(group, version).some(({ structural }) => structural !== undefined);

/** Groups of custom resources have no router. */
function routedGroup(registry: Registry, { name, versions }: ApiGroup): Document['object'] {
  if (name === AGGREGATOR) return ITSELF;
  return versions.every((version) => isCustom(registry, name, version)) ? {} : { routed: 'below' };
}
