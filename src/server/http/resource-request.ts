import type { IncomingMessage } from 'node:http';
import type { ResourceDefinition } from '../../api/define.ts';
import { ApiError } from '../../api/meta/status.ts';
import { truth } from '../../api/query-truth.ts';
import type { ApiRequest, Verb } from '../../api/transport.ts';
import { methodNotAllowed, noSuchResource } from '../registry/errors.ts';
import { requestOptions } from './request-options.ts';
import type { ResourcePath } from './resource-path.ts';

/** A resource request before its body is read. */
export interface Routed {
  readonly definition: ResourceDefinition;
  readonly path: ResourcePath;
  readonly request: ApiRequest;
  readonly query: URLSearchParams;
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

/** Verb and options out of method and query. Throws MethodNotAllowed. */
export function routeRequest(raw: IncomingMessage, definition: ResourceDefinition, path: ResourcePath): Routed {
  const query = queryOf(raw.url ?? '');
  const declared = path.subresource === undefined ? undefined : definition.subresources[path.subresource];
  const streams = declared?.kind === 'custom' && declared.stream === true;
  const { group, version, resource, subresource, name, namespace } = path;
  const verb = verbOf(raw.method ?? 'GET', path, query);
  // Every method may go through a proxy; nothing else takes OPTIONS.
  if (verb === '' && !(streams && subresource === 'proxy')) throw methodNotAllowed();
  checkPlace(verb, definition, path);
  if (streams && subresource !== 'proxy' && !(STREAM_METHODS[subresource ?? ''] ?? BOTH).includes(raw.method ?? ''))
    throw methodNotAllowed();
  const request: ApiRequest = { verb, group, version, resource, subresource, name, namespace };
  if (streams) return { definition, path, query, request };
  try {
    return { definition, path, query, request: { ...request, options: requestOptions(query, verb) } };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { definition, path, query, request, unreadable: error };
  }
}

/** What begins a stream to a pod: a log is only read. */
const BOTH = ['GET', 'HEAD', 'POST'];
const STREAM_METHODS: Readonly<Record<string, readonly string[]>> = { log: ['GET', 'HEAD'] };

/** Writes name one object or one namespace; objects of a namespace are not found without it. */
function checkPlace(verb: Verb, { scope }: ResourceDefinition, { name, namespace, subresource }: ResourcePath): void {
  if ((verb === 'update' || verb === 'patch') && name === undefined) throw methodNotAllowed();
  if (verb === 'create' && name !== undefined && subresource === undefined) throw methodNotAllowed();
  if (scope === 'Cluster' || namespace) return;
  if (verb === 'create' || verb === 'deletecollection') throw methodNotAllowed();
  if (name !== undefined) throw noSuchResource();
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
    case 'OPTIONS':
      return '';
    default:
      throw methodNotAllowed();
  }
}
