import { apiVersionOf, type CustomSubresource, type ResourceDefinition, type Subresource } from '../../api/define.ts';
import type { Registry } from '../../api/registry.ts';
import type { Verb } from '../../api/transport.ts';
import { connectionPaths } from './connections.ts';
import { type GroupVersion, type GroupVersionKind, listSchemaOf, SUBRESOURCE_KINDS } from './definition-names.ts';
import { bodyTypes, DISCOVERY_TYPES, LIST_TYPES, objectTypes, patchTypes } from './media-types.ts';
import type { Method, Operation, PathOperations } from './operation.ts';
import { capital, groupWord, scopeWord, tagOf } from './operation-names.ts';
import {
  DELETE_COLLECTION_PARAMETERS,
  DELETE_PARAMETERS,
  LIST_PARAMETERS,
  NAME,
  NAMESPACE,
  PATCH_PARAMETERS,
  type Parameter,
  PRETTY,
  RESOURCE_VERSION,
  WRITE_PARAMETERS,
} from './parameters.ts';
import { watchPaths } from './watch-operations.ts';

/** Every path of one group and version, in order. Of custom kinds upstream documents neither discovery nor the old paths of watches. */
export function pathsOf(registry: Registry, group: string, version: string): PathOperations[] {
  const resources = registry.inVersion(group, version);
  const isBuiltIn = resources.some(({ structural }) => !structural);
  const paths = [...(isBuiltIn ? [discoveryPath({ group, version })] : []), ...resources.flatMap(resourcePaths)];
  return paths.sort((a, b) => (a.path < b.path ? -1 : 1));
}

const rootOf = (gv: GroupVersion) => `/${gv.group === '' ? 'api' : 'apis'}/${apiVersionOf(gv)}`;

function discoveryPath(gv: GroupVersion): PathOperations {
  const operation: Operation = {
    method: 'get',
    id: `get${groupWord(gv)}APIResources`,
    tag: tagOf(gv),
    description: 'get available resources',
    parameters: [],
    body: { is: 'none' },
    answer: 'APIResourceList',
    codes: [200],
    consumes: DISCOVERY_TYPES,
    produces: DISCOVERY_TYPES,
  };
  return { path: `${rootOf(gv)}/`, parameters: [], operations: [operation] };
}

function resourcePaths(resource: ResourceDefinition): PathOperations[] {
  const root = rootOf(resource);
  const namespaced = resource.scope === 'Namespaced';
  const collection = `${root}${namespaced ? '/namespaces/{namespace}' : ''}/${resource.plural}`;
  const place = namespaced ? [NAMESPACE] : [];
  const one = `${collection}/{name}`;
  const paths: PathOperations[] = [
    {
      path: collection,
      parameters: [...place, PRETTY],
      operations: mainOperations(resource, ['list', 'create', 'deletecollection']),
    },
    {
      path: one,
      parameters: [NAME, ...place, PRETTY],
      operations: mainOperations(resource, ['get', 'update', 'patch', 'delete']),
    },
    ...(resource.structural ? [] : watchPaths(resource, root)),
  ];
  if (namespaced) {
    const everywhere = mainOperations(resource, ['list'], 'ForAllNamespaces');
    paths.push({ path: `${root}/${resource.plural}`, parameters: [PRETTY], operations: everywhere });
  }
  for (const [name, subresource] of Object.entries(resource.subresources)) {
    const path = `${one}/${name}`;
    if (isStream(subresource)) paths.push(...connectionPaths(resource, name, subresource, path, [NAME, ...place]));
    else paths.push({ path, parameters: [NAME, ...place, PRETTY], operations: subresourceOperations(resource, name, subresource) });
  }
  return paths.filter(({ operations }) => operations.length > 0);
}

const isStream = (subresource: Subresource): subresource is CustomSubresource =>
  subresource.kind === 'custom' && subresource.stream === true;

interface VerbShape {
  readonly method: Method;
  readonly action: string;
  readonly word: string;
  readonly parameters: readonly Parameter[];
  readonly codes: readonly number[];
  readonly text: string;
}

/** OPTIONS is in no document. */
type DocumentedVerb = Exclude<Verb, ''>;

const VERBS: Readonly<Record<Exclude<DocumentedVerb, 'watch'>, VerbShape>> = {
  get: { method: 'get', action: 'get', word: 'read', parameters: [], codes: [200], text: 'read the specified' },
  list: { method: 'get', action: 'list', word: 'list', parameters: LIST_PARAMETERS, codes: [200], text: 'list or watch objects of kind' },
  create: { method: 'post', action: 'post', word: 'create', parameters: WRITE_PARAMETERS, codes: [200, 201, 202], text: 'create' },
  update: { method: 'put', action: 'put', word: 'replace', parameters: WRITE_PARAMETERS, codes: [200, 201], text: 'replace the specified' },
  patch: {
    method: 'patch',
    action: 'patch',
    word: 'patch',
    parameters: PATCH_PARAMETERS,
    codes: [200, 201],
    text: 'partially update the specified',
  },
  delete: { method: 'delete', action: 'delete', word: 'delete', parameters: DELETE_PARAMETERS, codes: [200, 202], text: 'delete' },
  deletecollection: {
    method: 'delete',
    action: 'deletecollection',
    word: 'delete',
    parameters: DELETE_COLLECTION_PARAMETERS,
    codes: [200],
    text: 'delete a collection of',
  },
};

/** What upstream says otherwise of custom kinds. */
const CUSTOM_VERBS: Partial<Record<DocumentedVerb, Partial<VerbShape>>> = {
  get: { parameters: [RESOURCE_VERSION] },
  patch: { codes: [200] },
  deletecollection: { parameters: LIST_PARAMETERS },
};

function shapeOf(verb: DocumentedVerb, { structural }: ResourceDefinition): VerbShape {
  const shape = VERBS[verb === 'watch' ? 'list' : verb];
  return structural ? { ...shape, ...CUSTOM_VERBS[verb] } : shape;
}

/** Those of the verbs that the resource has. */
const mainOperations = (resource: ResourceDefinition, verbs: readonly DocumentedVerb[], suffix = ''): Operation[] =>
  verbs.filter((verb) => resource.verbs.includes(verb)).map((verb) => mainOperation(resource, verb, suffix));

function mainOperation(resource: ResourceDefinition, verb: DocumentedVerb, suffix: string): Operation {
  const { group, version, kind, schema } = resource;
  const collection = verb === 'deletecollection' ? 'Collection' : '';
  const answers: Partial<Record<Verb, string | undefined>> = {
    list: listSchemaOf(resource),
    delete: resource.returnsDeleted ? schema : 'Status',
    deletecollection: 'Status',
  };
  return {
    ...operation(resource, verb, `${collection}${suffix === '' ? scopeWord(resource) : ''}${kind}${suffix}`),
    kind: { group, kind, version },
    description: `${shapeOf(verb, resource).text} ${kind}`,
    body: resource.structural && verb === 'deletecollection' ? { is: 'none' } : bodyOf(verb, schema),
    answer: verb in answers ? answers[verb] : schema,
    ...(verb === 'list' && !resource.structural && { produces: LIST_TYPES }),
  };
}

function subresourceOperations(resource: ResourceDefinition, name: string, subresource: Subresource): Operation[] {
  const { kind, schema } = subresourceKind(resource, subresource);
  const verbs: readonly Verb[] = subresource.kind === 'custom' ? subresource.verbs : ['get', 'patch', 'update'];
  const documented = verbs.filter((verb): verb is DocumentedVerb => verb !== '');
  return documented.map((verb) => ({
    ...operation(resource, verb, `${scopeWord(resource)}${resource.kind}${capital(name)}`),
    kind,
    description: `${shapeOf(verb, resource).text} ${resource.kind}'s ${name}`,
    body: bodyOf(verb, schema),
    answer: schema,
  }));
}

function subresourceKind(resource: ResourceDefinition, subresource: Subresource): { kind: GroupVersionKind; schema: string } {
  const { group, version, kind, schema } = resource;
  if (subresource.kind === 'scale') return { kind: { group: 'autoscaling', kind: 'Scale', version: 'v1' }, schema: 'Scale' };
  const other = subresource.kind === 'custom' ? subresource.objectKind : undefined;
  if (!other) return { kind: { group, kind, version }, schema };
  const known = SUBRESOURCE_KINDS.find((candidate) => candidate.kind === other.kind && candidate.group === other.group);
  return { kind: { group: other.group, kind: other.kind, version: other.version }, schema: known?.schema ?? other.kind };
}

type Frame = 'method' | 'action' | 'id' | 'tag' | 'parameters' | 'codes' | 'consumes' | 'produces';

function operation(resource: ResourceDefinition, verb: DocumentedVerb, what: string): Pick<Operation, Frame> {
  const { method, action, word, parameters, codes } = shapeOf(verb, resource);
  return {
    method,
    action,
    parameters,
    codes,
    id: `${word}${groupWord(resource)}${what}`,
    tag: tagOf(resource),
    consumes: verb === 'patch' ? patchTypes(resource) : bodyTypes(resource),
    produces: objectTypes(resource),
  };
}

function bodyOf(verb: DocumentedVerb, schema: string): Operation['body'] {
  switch (verb) {
    case 'create':
    case 'update':
      return { is: 'schema', schema };
    case 'patch':
      return { is: 'patch' };
    case 'delete':
    case 'deletecollection':
      return { is: 'schema', schema: 'DeleteOptions' };
    default:
      return { is: 'none' };
  }
}
