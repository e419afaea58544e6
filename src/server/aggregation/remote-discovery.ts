import type { Clock } from '../../base/clock.ts';
import type { Outbound } from '../outbound/outbound.ts';
import type { ExtensionServer } from './extension-servers.ts';
import { userHeaders } from './proxy.ts';

/** A resource as aggregated discovery describes it (apidiscovery.k8s.io/v2); passed on as it came. */
export type ResourceEntry = Readonly<Record<string, unknown>>;

/** What one group and version of an extension server serves. */
export interface RemoteVersion {
  readonly resources: readonly ResourceEntry[];
  /** `Stale`: the server did not answer when it was asked last. */
  readonly freshness: 'Current' | 'Stale';
}

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const TIMEOUT_MS = 5_000;
const AGGREGATOR = { name: 'system:kube-aggregator', groups: ['system:masters'] };
const headers = (accept: string) => ({ accept, ...(userHeaders(AGGREGATOR) as Record<string, string>) });

export interface RemoteOptions {
  readonly outbound: Outbound;
  readonly frontProxy: () => { readonly cert: string; readonly key: string };
  readonly clock: Clock;
}

/** Asks extension servers as the aggregator itself, which may see everything there. Rejects with OutboundError. */
export function remoteText(
  server: ExtensionServer,
  path: string,
  accept: string,
  { outbound, frontProxy }: RemoteOptions,
  signal: AbortSignal,
) {
  return outbound.getText(
    { ...server.endpoint, credentials: frontProxy() },
    { path, headers: headers(accept), timeoutMs: TIMEOUT_MS, signal },
  );
}

const isSuccess = (code: number): boolean => code >= 200 && code < 300;

/** Does the server answer for its group and version at all? Rejects with an Error that says why not. */
export async function checkDiscovery(server: ExtensionServer, options: RemoteOptions, signal: AbortSignal): Promise<void> {
  const path = `/apis/${server.group}/${server.version}`;
  const url = `https://${server.service}${path}`;
  const { code } = await remoteText(server, path, 'application/json', options, signal).catch((error: Error) => {
    throw new Error(`failing or missing response from ${url}: ${error.message}`, { cause: error });
  });
  if (!isSuccess(code)) throw new Error(`failing or missing response from ${url}: bad status from ${url}: ${code}`);
}

interface Group {
  readonly metadata?: { readonly name?: string };
  readonly versions?: readonly { readonly version: string; readonly resources?: readonly ResourceEntry[] }[];
}

/** What the server serves in its group and version, from aggregated discovery when it speaks that. */
export async function fetchResources(
  server: ExtensionServer,
  options: RemoteOptions,
  signal: AbortSignal,
): Promise<readonly ResourceEntry[]> {
  const answer = await remoteText(server, '/apis', `${AGGREGATED},application/json`, options, signal);
  const type = String(answer.headers['content-type'] ?? '').replaceAll(' ', '');
  if (isSuccess(answer.code) && type.includes('g=apidiscovery.k8s.io') && type.includes('v=v2')) {
    const { items = [] } = JSON.parse(answer.text) as { items?: readonly Group[] };
    const group = items.find(({ metadata }) => metadata?.name === server.group);
    return group?.versions?.find(({ version }) => version === server.version)?.resources ?? [];
  }
  const legacy = await remoteText(server, `/apis/${server.group}/${server.version}`, 'application/json', options, signal);
  if (!isSuccess(legacy.code)) throw new Error(`failed to download legacy discovery for ${server.name}: ${legacy.code}`);
  return aggregatedOf(JSON.parse(legacy.text) as LegacyList, server);
}

interface LegacyResource {
  readonly name: string;
  readonly singularName?: string;
  readonly namespaced?: boolean;
  readonly kind?: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs?: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}
interface LegacyList {
  readonly resources?: readonly LegacyResource[];
}

/** An APIResourceList in the form of aggregated discovery. */
export function aggregatedOf(
  { resources = [] }: LegacyList,
  { group, version }: Pick<ExtensionServer, 'group' | 'version'>,
): ResourceEntry[] {
  const kindOf = (each: LegacyResource) => ({ group: each.group || group, version: each.version || version, kind: each.kind ?? '' });
  return resources
    .filter(({ name }) => !name.includes('/'))
    .map((each) => {
      const subresources = resources
        .filter(({ name }) => name.startsWith(`${each.name}/`))
        .map((part) => ({ subresource: part.name.slice(each.name.length + 1), responseKind: kindOf(part), verbs: part.verbs ?? [] }));
      return {
        resource: each.name,
        responseKind: kindOf(each),
        scope: each.namespaced ? 'Namespaced' : 'Cluster',
        singularResource: each.singularName ?? '',
        verbs: each.verbs ?? [],
        ...(each.shortNames?.length && { shortNames: each.shortNames }),
        ...(each.categories?.length && { categories: each.categories }),
        ...(subresources.length > 0 && { subresources }),
      };
    });
}
