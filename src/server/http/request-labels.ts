import type { IncomingMessage } from 'node:http';
import type { Verb } from '../../api/transport.ts';
import type { RequestLabels } from '../metrics/request-metrics.ts';
import type { Routed } from './resource-request.ts';

/** As upstream labels them: what is created counts as one object, server-side apply and streams are verbs of their own. */
export function labelsOf(raw: IncomingMessage, routed: Routed | undefined): RequestLabels {
  if (!routed) return { verb: raw.method ?? '', group: '', version: '', resource: '', subresource: '', scope: '', dry_run: '' };
  const { verb, group, version, resource, subresource = '', namespace, name } = routed.request;
  const scope = name !== undefined || verb === 'create' ? 'resource' : namespace ? 'namespace' : 'cluster';
  const dryRun = routed.query.get('dryRun') === 'All' ? 'All' : '';
  return { verb: metricVerb(raw, verb, subresource), group, version, resource, subresource, scope, dry_run: dryRun };
}

function metricVerb({ headers }: IncomingMessage, verb: Verb, subresource: string): string {
  if (CONNECTED.has(subresource)) return 'CONNECT';
  if (verb === 'patch' && headers['content-type'] === 'application/apply-patch+yaml') return 'APPLY';
  return METRIC_VERBS[verb] ?? verb;
}

const CONNECTED = new Set(['log', 'exec', 'attach', 'portforward', 'proxy']);
const METRIC_VERBS: Readonly<Record<string, string>> = {
  get: 'GET',
  list: 'LIST',
  watch: 'WATCH',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETE',
};
