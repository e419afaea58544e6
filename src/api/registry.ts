import { type ResourceDefinition, resourceId } from './define.ts';

export interface ApiGroup {
  readonly name: string;
  /** In order of preference: the first one is what clients use when they may choose. */
  readonly versions: readonly string[];
}

/** Which kinds are served. The server's own table is in index.ts; definitions that appear at run time (CRDs) make a new one. */
export interface Registry {
  /** Every definition: groups and versions in discovery order, then by plural. */
  readonly all: readonly ResourceDefinition[];
  /** Named groups and the core group (`''`, first) in the order of upstream's discovery document. */
  readonly groups: readonly ApiGroup[];
  find(group: string, version: string, plural: string): ResourceDefinition | undefined;
  findKind(group: string, version: string, kind: string): ResourceDefinition | undefined;
  /** `pods`, `deployments.apps`: in the group's preferred version that has it. */
  byId(id: string): ResourceDefinition | undefined;
  /** The definition whose objects the store holds: itself, or what `storedAs` names. */
  stored(resource: ResourceDefinition): ResourceDefinition;
  /** What one group and version serves, by plural. */
  inVersion(group: string, version: string): readonly ResourceDefinition[];
}

const keyOf = (group: string, version: string, name: string) => `${group}/${version}/${name}`;

/** `definitions` in discovery order. Throws on two definitions of one name. */
export function buildRegistry(definitions: readonly ResourceDefinition[]): Registry {
  const byPlural = new Map<string, ResourceDefinition>();
  const byKind = new Map<string, ResourceDefinition>();
  const byId = new Map<string, ResourceDefinition>();
  const groups = new Map<string, string[]>();
  for (const d of definitions) {
    const key = keyOf(d.group, d.version, d.plural);
    if (byPlural.has(key)) throw new Error(`${key} is defined twice`);
    byPlural.set(key, d);
    byKind.set(keyOf(d.group, d.version, d.kind), d);
    if (!byId.has(resourceId(d))) byId.set(resourceId(d), d);
    const versions = groups.get(d.group) ?? [];
    if (!versions.includes(d.version)) groups.set(d.group, [...versions, d.version]);
  }
  return {
    all: definitions,
    groups: [...groups].map(([name, versions]) => ({ name, versions })),
    find: (group, version, plural) => byPlural.get(keyOf(group, version, plural)),
    findKind: (group, version, kind) => byKind.get(keyOf(group, version, kind)),
    byId: (id) => byId.get(id),
    stored: (d) => (d.storedAs && byPlural.get(keyOf(d.storedAs.group, d.storedAs.version, d.storedAs.plural))) ?? d,
    inVersion: (group, version) => definitions.filter((d) => d.group === group && d.version === version),
  };
}
