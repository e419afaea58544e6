import type { Discovery } from '../discovery/discovery.ts';
import { type Document, jsonDocument } from '../discovery/document.ts';
import type { ExtensionServer, ExtensionServers } from './extension-servers.ts';
import { localGroupPriority } from './registration-plan.ts';
import type { RemoteVersion } from './remote-discovery.ts';

interface Entry {
  readonly name: string;
  readonly priority: number;
}
interface LegacyGroup {
  readonly name: string;
  readonly versions: readonly { readonly groupVersion: string; readonly version: string }[];
  readonly preferredVersion?: object;
}
interface AggregatedGroup {
  readonly metadata: { readonly name?: string };
  readonly versions: readonly object[];
}

/** Discovery with what extension servers serve among it. With none registered the server's own documents go out as they are. */
export function mergedDiscovery(own: Discovery, servers: ExtensionServers, remote: () => ReadonlyMap<string, RemoteVersion>): Discovery {
  const kept = new Map<string, { of: readonly unknown[]; document: Document }>();
  return {
    find(path, accept) {
      const local = own.find(path, accept);
      const clean = path.replace(/\/+$/, '');
      const all = servers.all;
      if (all.length === 0 || (clean !== '/apis' && !clean.startsWith('/apis/'))) return local;
      if (clean !== '/apis') return groupDocument(clean.slice('/apis/'.length), local, all);
      if (!local) return undefined;
      const state = JSON.stringify(all.map(({ name, groupPriority, versionPriority }) => [name, groupPriority, versionPriority]));
      const of = [local.etag, state, remote()];
      const known = kept.get(local.contentType);
      if (known?.of.every((each, i) => each === of[i])) return known.document;
      const value = JSON.parse(local.bytes.toString('utf8')) as { groups?: LegacyGroup[]; items?: AggregatedGroup[] };
      const merged = value.items
        ? { ...value, items: mergeItems(value.items, all, remote()) }
        : { ...value, groups: mergeGroups(value.groups ?? [], all) };
      const document = jsonDocument(merged, { contentType: local.contentType, object: local.object });
      kept.set(local.contentType, { of, document });
      return document;
    },
  };
}

/** Groups by priority, the server's own order kept among equals. */
const sorted = <T extends Entry>(entries: readonly T[]): T[] =>
  entries.toSorted((a, b) => (a.priority === b.priority ? 0 : b.priority - a.priority));

/** Extension servers by group, the group with the highest wish first, its versions by preference. */
function byGroup(
  servers: readonly ExtensionServer[],
): { readonly group: string; readonly priority: number; readonly servers: readonly ExtensionServer[] }[] {
  return [...Map.groupBy(servers, ({ group }) => group)]
    .map(([group, members]) => ({
      group,
      priority: Math.max(...members.map(({ groupPriority }) => groupPriority)),
      servers: members.toSorted((a, b) => b.versionPriority - a.versionPriority || (a.version < b.version ? 1 : -1)),
    }))
    .sort((a, b) => (a.group < b.group ? -1 : 1));
}

const versionEntry = ({ group, version }: ExtensionServer) => ({ groupVersion: `${group}/${version}`, version });

function mergeGroups(own: readonly LegacyGroup[], servers: readonly ExtensionServer[]): LegacyGroup[] {
  const entries = own.map((group) => ({ name: group.name, priority: localGroupPriority(group.name), group }));
  for (const { group: name, priority, servers: members } of byGroup(servers)) {
    const versions = members.map(versionEntry);
    const [entry] = entries.filter((each) => each.name === name);
    if (entry) entry.group = { ...entry.group, versions: added(entry.group.versions, versions) };
    else entries.push({ name, priority, group: { name, versions, preferredVersion: versions[0] } });
  }
  return sorted(entries).map(({ group }) => group);
}

/** What an extension server answers takes the place of what this server would (metrics.k8s.io). */
const added = <T extends { version: string }>(own: readonly T[], more: readonly T[]): T[] => [
  ...own.map((each) => more.find(({ version }) => version === each.version) ?? each),
  ...more.filter(({ version }) => !own.some((each) => each.version === version)),
];

function mergeItems(
  own: readonly AggregatedGroup[],
  servers: readonly ExtensionServer[],
  remote: ReadonlyMap<string, RemoteVersion>,
): AggregatedGroup[] {
  const entries = own.map((group) => ({ name: group.metadata.name ?? '', priority: localGroupPriority(group.metadata.name ?? ''), group }));
  for (const { group: name, priority, servers: members } of byGroup(servers)) {
    const versions = members.map(({ version }) => {
      const { resources = [], freshness = 'Stale' } = remote.get(`${name}/${version}`) ?? {};
      return { version, ...(resources.length > 0 && { resources }), freshness };
    });
    const [entry] = entries.filter((each) => each.name === name);
    if (entry) entry.group = { ...entry.group, versions: added(entry.group.versions as { version: string }[], versions) };
    else entries.push({ name, priority, group: { metadata: { name }, versions } });
  }
  return sorted(entries).map(({ group }) => group);
}

/** /apis/GROUP; a group with versions of both kinds names both. */
function groupDocument(name: string, local: Document | undefined, servers: readonly ExtensionServer[]): Document | undefined {
  const members = byGroup(servers).find(({ group }) => group === name)?.servers;
  if (!members) return local;
  const versions = members.map(versionEntry);
  if (!local) return jsonDocument({ kind: 'APIGroup', apiVersion: 'v1', name, versions, preferredVersion: versions[0] }, { object: {} });
  const own = JSON.parse(local.bytes.toString('utf8')) as LegacyGroup;
  return jsonDocument({ ...own, versions: added(own.versions, versions) }, { object: local.object });
}
