import type { IncomingMessage } from 'node:http';
import type { ResourceDefinition, Subresource } from '../../api/define.ts';
import { ApiError, notFound } from '../../api/meta/status.ts';
import { truth } from '../../api/query-truth.ts';
import type { ApiRequest, Verb } from '../../api/transport.ts';
import { badRequest, methodNotAllowed, noSuchResource, notSupported } from '../registry/errors.ts';
import { requestOptions } from './request-options.ts';
import type { ResourcePath } from './resource-path.ts';

/** A resource request before its body is read. */
export interface Routed {
  readonly definition: ResourceDefinition;
  readonly path: ResourcePath;
  readonly request: ApiRequest;
  readonly query: URLSearchParams;
  /** Why nobody answers there: told once it is known that the client may ask. */
  readonly refusal?: ApiError;
  /** What is wrong with the query: told once it is known that the client may ask, and how it wants to be answered. */
  readonly unreadable?: ApiError;
}

const NO_QUERY = new URLSearchParams();

export const queryOf = (url: string): URLSearchParams => {
  const mark = url.indexOf('?');
  if (mark < 0) return NO_QUERY;
  const text = url.slice(mark + 1);
  return new URLSearchParams(UNREADABLE.test(text) ? readable(text) : text);
};

/** Go takes nothing from a part of the query that has a semicolon, or a percent sign that begins no byte. */
const UNREADABLE = /;|%(?![0-9a-fA-F]{2})/;
const readable = (query: string): string =>
  query
    .split('&')
    .filter((part) => !UNREADABLE.test(part))
    .join('&');

/** Verb and options out of method and query. undefined: custom resources are not in that place, as if there were none. */
export function routeRequest(raw: IncomingMessage, definition: ResourceDefinition, path: ResourcePath): Routed | undefined {
  const query = queryOf(raw.url ?? '');
  const { group, version, resource, subresource, name, namespace } = path;
  const method = raw.method ?? 'GET';
  const verb = verbOf(method, path, query);
  if (definition.structural && !isCustomPlace(verb, definition, path)) return undefined;
  const request: ApiRequest = { verb, group, version, resource, subresource, name, namespace };
  const refusal = definition.structural ? customRefusal(verb, definition, path) : builtInRefusal(method, verb, definition, path);
  if (refusal) return { definition, path, query, request, refusal };
  if (isStream(declaredIn(definition, path))) return { definition, path, query, request };
  try {
    return { definition, path, query, request: { ...request, options: requestOptions(query, verb) } };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { definition, path, query, request, unreadable: error };
  }
}

const declaredIn = ({ subresources }: ResourceDefinition, { subresource }: ResourcePath): Subresource | undefined =>
  subresource !== undefined && Object.hasOwn(subresources, subresource) ? subresources[subresource] : undefined;

const isStream = (declared: Subresource | undefined) => declared?.kind === 'custom' && declared.stream === true;

/** Objects of the whole cluster are in no namespace, and those of a namespace only read without it. kube-apiserver: crdHandler.ServeHTTP. */
function isCustomPlace(verb: Verb, { scope }: ResourceDefinition, { namespace }: ResourcePath): boolean {
  if (scope === 'Cluster') return namespace === undefined;
  return namespace !== undefined || verb === 'list' || verb === 'watch';
}

function customRefusal(verb: Verb, definition: ResourceDefinition, path: ResourcePath): ApiError | undefined {
  if (path.subresource !== undefined && !declaredIn(definition, path)) return notFound(definition, path.name ?? '');
  if (verb === '') return notSupported(definition, verb);
  if ((verb === 'update' || verb === 'patch') && path.name === undefined) return badRequest('name must be provided');
  return undefined;
}

/** What begins a stream to a pod: a log is only read, and every method goes through a proxy. */
const BOTH = ['GET', 'POST'];
const STREAM_METHODS: Readonly<Record<string, readonly string[]>> = {
  log: ['GET'],
  proxy: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
};

/** The paths and methods of kinds that are built in. Writes name one object or one namespace; HEAD reads none of them. kube-apiserver: APIInstaller.registerResourceHandlers. */
function builtInRefusal(method: string, verb: Verb, definition: ResourceDefinition, path: ResourcePath): ApiError | undefined {
  const { name, subresource } = path;
  const declared = declaredIn(definition, path);
  if (subresource !== undefined && !declared) return noSuchResource();
  if (subresource === undefined && !definition.verbs.includes(verb)) return builtInPlace(verb, definition, path) ?? methodNotAllowed();
  if (!isStream(declared) && (verb === '' || method === 'HEAD')) return builtInPlace(verb, definition, path) ?? methodNotAllowed();
  if (isStream(declared) && !(STREAM_METHODS[subresource ?? ''] ?? BOTH).includes(method)) return methodNotAllowed();
  if ((verb === 'update' || verb === 'patch') && name === undefined) return methodNotAllowed();
  if (verb === 'create' && name !== undefined && subresource === undefined) return methodNotAllowed();
  return builtInPlace(verb, definition, path);
}

const BY_NAME = ['get', 'update', 'patch', 'delete'] as const;

function builtInPlace(verb: Verb, definition: ResourceDefinition, { name, namespace, subresource }: ResourcePath): ApiError | undefined {
  const { scope, group, plural, verbs } = definition;
  // What is only created, such as a review, is nowhere by its name.
  if (name !== undefined && subresource === undefined && !BY_NAME.some((each) => verbs.includes(each))) return noSuchResource();
  if (scope === 'Cluster') return namespace !== undefined && (group !== '' || plural !== 'namespaces') ? noSuchResource() : undefined;
  if (namespace !== undefined) return undefined;
  if (name !== undefined) return noSuchResource();
  return verb === 'create' || verb === 'deletecollection' ? methodNotAllowed() : undefined;
}

/** A request for a resource that somebody else defines: what authorization needs to know of it. undefined: no resource's path. */
export function foreignRequest(raw: IncomingMessage, path: ResourcePath | undefined): ApiRequest | undefined {
  if (!path) return undefined;
  const { group, version, resource, subresource, name, namespace } = path;
  return { verb: verbOf(raw.method ?? 'GET', path, queryOf(raw.url ?? '')), group, version, resource, subresource, name, namespace };
}

function verbOf(method: string, { name, watch }: ResourcePath, query: URLSearchParams): Verb {
  switch (method) {
    case 'GET':
    case 'HEAD': {
      if (watch || (truth(query.get('watch')) && name === undefined)) return 'watch';
      return name === undefined ? 'list' : 'get';
    }
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return name === undefined ? 'deletecollection' : 'delete';
    default:
      return '';
  }
}
