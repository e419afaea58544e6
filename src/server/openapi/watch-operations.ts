import type { ResourceDefinition } from '../../api/define.ts';
import { ANY_TYPE, LIST_TYPES } from './media-types.ts';
import type { Operation, PathOperations } from './operation.ts';
import { groupWord, scopeWord, tagOf } from './operation-names.ts';
import { LIST_PARAMETERS, NAME, NAMESPACE, type Parameter, PRETTY } from './parameters.ts';

/** The paths below `/watch/`, which Kubernetes deprecates in favour of lists with `watch=true`, and still serves. */
export function watchPaths(resource: ResourceDefinition, root: string): PathOperations[] {
  const { plural, scope, verbs } = resource;
  if (!verbs.includes('watch')) return [];
  const namespaced = scope === 'Namespaced';
  const place = namespaced ? [NAMESPACE] : [];
  const collection = `${root}/watch/${namespaced ? 'namespaces/{namespace}/' : ''}${plural}`;
  const paths = [
    watchPath(resource, collection, place, { what: 'List', action: 'watchlist' }),
    watchPath(resource, `${collection}/{name}`, [NAME, ...place], { what: '', action: 'watch' }),
  ];
  if (namespaced) paths.push(watchPath(resource, `${root}/watch/${plural}`, [], { what: 'ListForAllNamespaces', action: 'watchlist' }));
  return paths;
}

function watchPath(
  resource: ResourceDefinition,
  path: string,
  parameters: readonly Parameter[],
  { what, action }: { what: 'List' | '' | 'ListForAllNamespaces'; action: 'watch' | 'watchlist' },
): PathOperations {
  const { group, version, kind } = resource;
  const scope = what === 'ListForAllNamespaces' ? '' : scopeWord(resource);
  const operation: Operation = {
    method: 'get',
    action,
    id: `watch${groupWord(resource)}${scope}${kind}${what}`,
    tag: tagOf(resource),
    kind: { group, kind, version },
    description: `watch ${action === 'watch' ? 'one object' : 'objects'} of kind ${kind}; deprecated: list with watch=true instead`,
    parameters: [],
    body: { is: 'none' },
    answer: 'WatchEvent',
    codes: [200],
    consumes: ANY_TYPE,
    produces: LIST_TYPES,
  };
  return { path, parameters: [...parameters, ...LIST_PARAMETERS, PRETTY], operations: [operation] };
}
