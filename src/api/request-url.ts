import type { ApiRequest } from './transport.ts';

const PATCH_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

const METHODS = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETE',
  '': 'OPTIONS',
} as const;

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly contentType: string;
  readonly body: string | undefined;
}

/** A resource request as Kubernetes' HTTP API writes it. */
export function toHttp(request: ApiRequest): HttpRequest {
  const { group, version, namespace, resource, name, subresource, verb } = request;
  const segments = [
    ...(group ? ['apis', group, version] : ['api', version]),
    // A namespace itself is addressed as /namespaces/NAME, whatever the caller put into `namespace`.
    ...(namespace && resource !== 'namespaces' ? ['namespaces', namespace] : []),
    resource,
    ...(name && verb !== 'watch' && (verb !== 'create' || subresource) ? [name] : []),
    ...(subresource ? [subresource] : []),
  ];
  const query = queryOf(request);
  return {
    method: METHODS[verb],
    path: `/${segments.map(encodeURIComponent).join('/')}${query ? `?${query}` : ''}`,
    contentType: request.patchType ? PATCH_TYPES[request.patchType] : 'application/json',
    body: request.body === undefined ? undefined : JSON.stringify(request.body),
  };
}

function queryOf({ verb, name, options = {} }: ApiRequest): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (key === 'dryRun') {
      if (value) query.set('dryRun', 'All');
    } else query.set(key, String(value));
  }
  if (verb === 'watch') {
    query.set('watch', 'true');
    if (name) query.set('fieldSelector', [options.fieldSelector, `metadata.name=${name}`].filter(Boolean).join(','));
  }
  return query.toString();
}
