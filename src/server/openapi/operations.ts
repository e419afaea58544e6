import { apiVersionOf, type ResourceDefinition, type Subresource } from '../../api/define.ts';
import type { Registry } from '../../api/registry.ts';
import type { Verb } from '../../api/transport.ts';
import { type GroupVersionKind, listSchemaOf, SUBRESOURCE_KINDS } from './definition-names.ts';
import {
  DELETE_COLLECTION_PARAMETERS,
  DELETE_PARAMETERS,
  LIST_PARAMETERS,
  NAME,
  NAMESPACE,
  PATCH_PARAMETERS,
  type Parameter,
  PRETTY,
  WRITE_PARAMETERS,
} from './parameters.ts';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** One method on one path, independent of the version of OpenAPI. Bodies are named by our schemas. */
export interface Operation {
  readonly method: Method;
  /** `x-kubernetes-action`. */
  readonly action: string;
  readonly id: string;
  readonly tag: string;
  readonly kind: GroupVersionKind;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly body: { readonly is: 'none' } | { readonly is: 'patch' } | { readonly is: 'schema'; readonly schema: string };
  /** undefined: text or a stream. */
  readonly answer: string | undefined;
  readonly codes: readonly number[];
  readonly lists: boolean;
  /** Custom resources have no protobuf form and no strategic merge. */
  readonly custom: boolean;
}

export interface PathOperations {
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly operations: readonly Operation[];
}

/** Every path of one group and version, in order. */
export const pathsOf = (registry: Registry, group: string, version: string): PathOperations[] =>
  registry
    .inVersion(group, version)
    .flatMap(resourcePaths)
    .sort((a, b) => (a.path < b.path ? -1 : 1));

function resourcePaths(resource: ResourceDefinition): PathOperations[] {
  const root = `/${resource.group === '' ? 'api' : 'apis'}/${apiVersionOf(resource)}`;
  const namespaced = resource.scope === 'Namespaced';
  const collection = `${root}${namespaced ? '/namespaces/{namespace}' : ''}/${resource.plural}`;
  const shared = namespaced ? [NAMESPACE, PRETTY] : [PRETTY];
  const on = (verbs: readonly Verb[], describe: (verb: Verb) => Operation) =>
    verbs.filter((verb) => resource.verbs.includes(verb)).map(describe);
  const paths: PathOperations[] = [
    {
      path: collection,
      parameters: shared,
      operations: on(['list', 'create', 'deletecollection'], (verb) => mainOperation(resource, verb, '')),
    },
    {
      path: `${collection}/{name}`,
      parameters: [NAME, ...shared],
      operations: on(['get', 'update', 'patch', 'delete'], (verb) => mainOperation(resource, verb, '')),
    },
  ];
  if (namespaced) {
    const everywhere = on(['list'], (verb) => mainOperation(resource, verb, 'ForAllNamespaces'));
    paths.push({ path: `${root}/${resource.plural}`, parameters: [PRETTY], operations: everywhere });
  }
  for (const [name, subresource] of Object.entries(resource.subresources)) {
    const operations = subresourceOperations(resource, name, subresource);
    paths.push({ path: `${collection}/{name}/${name}`, parameters: [NAME, ...shared], operations });
  }
  return paths.filter(({ operations }) => operations.length > 0);
}

interface VerbShape {
  readonly method: Method;
  readonly action: string;
  readonly word: string;
  readonly parameters: readonly Parameter[];
  readonly codes: readonly number[];
  readonly text: string;
}

const VERBS: Readonly<Record<Exclude<Verb, 'watch'>, VerbShape>> = {
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

const shapeOf = (verb: Verb): VerbShape => VERBS[verb === 'watch' ? 'list' : verb];

function mainOperation(resource: ResourceDefinition, verb: Verb, suffix: string): Operation {
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
    description: `${shapeOf(verb).text} ${kind}`,
    body: bodyOf(verb, schema),
    answer: verb in answers ? answers[verb] : schema,
    lists: verb === 'list',
    custom: resource.structural !== undefined,
  };
}

function subresourceOperations(resource: ResourceDefinition, name: string, subresource: Subresource): Operation[] {
  const { kind, schema } = subresourceKind(resource, subresource);
  const stream = subresource.kind === 'custom' && subresource.stream === true;
  const verbs: readonly Verb[] = subresource.kind === 'custom' ? subresource.verbs : ['get', 'patch', 'update'];
  const suffix = name.charAt(0).toUpperCase() + name.slice(1);
  return verbs.map((verb) => ({
    ...operation(resource, verb, `${scopeWord(resource)}${resource.kind}${suffix}`),
    ...(stream && name !== 'log' && { action: 'connect', id: connectId(resource, verb, suffix), parameters: [] }),
    kind,
    description: `${shapeOf(verb).text} ${resource.kind}'s ${name}`,
    body: stream ? { is: 'none' } : bodyOf(verb, schema),
    answer: stream ? undefined : schema,
    lists: false,
    custom: resource.structural !== undefined,
  }));
}

const connectId = (resource: ResourceDefinition, verb: Verb, suffix: string) => {
  const { method } = shapeOf(verb);
  return `connect${groupWord(resource)}${method.charAt(0).toUpperCase()}${method.slice(1)}${scopeWord(resource)}${resource.kind}${suffix}`;
};

function subresourceKind(resource: ResourceDefinition, subresource: Subresource): { kind: GroupVersionKind; schema: string } {
  const { group, version, kind, schema } = resource;
  if (subresource.kind === 'scale') return { kind: { group: 'autoscaling', kind: 'Scale', version: 'v1' }, schema: 'Scale' };
  const other = subresource.kind === 'custom' ? subresource.objectKind : undefined;
  if (!other) return { kind: { group, kind, version }, schema };
  const known = SUBRESOURCE_KINDS.find((candidate) => candidate.kind === other.kind && candidate.group === other.group);
  return { kind: { group: other.group, kind: other.kind, version: other.version }, schema: known?.schema ?? other.kind };
}

function operation(
  resource: ResourceDefinition,
  verb: Verb,
  what: string,
): Pick<Operation, 'method' | 'action' | 'id' | 'tag' | 'parameters' | 'codes'> {
  const { method, action, word, parameters, codes } = shapeOf(verb);
  const group = groupWord(resource);
  return { method, action, parameters, codes, id: `${word}${group}${what}`, tag: tagOf(resource) };
}

function bodyOf(verb: Verb, schema: string): Operation['body'] {
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

const scopeWord = ({ scope }: ResourceDefinition) => (scope === 'Namespaced' ? 'Namespaced' : '');
const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
/** rbac.authorization.k8s.io -> RbacAuthorization. */
const groupName = (group: string) =>
  group === ''
    ? 'Core'
    : group
        .replace(/\.k8s\.io$/, '')
        .split(/[.-]/)
        .map(capital)
        .join('');
const groupWord = ({ group, version }: ResourceDefinition) => `${groupName(group)}${capital(version)}`;
const tagOf = ({ group, version }: ResourceDefinition) => {
  const name = groupName(group);
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}_${version}`;
};
