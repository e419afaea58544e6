import type { ResourceDefinition } from '../../api/define.ts';
import { registry } from '../../api/index.ts';

/** Types of every group and version. */
const EVERYWHERE: ReadonlySet<string> = new Set([
  'Status',
  'DeleteOptions',
  'CreateOptions',
  'GetOptions',
  'ListOptions',
  'PatchOptions',
  'UpdateOptions',
  'WatchEvent',
]);
/** Where upstream's servers make the schemes that their messages name. */
const SCHEMES: Readonly<Record<string, string>> = {
  'apiextensions.k8s.io': 'pkg/apiserver/apiserver.go:55',
  'apiregistration.k8s.io': 'pkg/apiserver/scheme/scheme.go:28',
};

/** The type that upstream's server works with, as messages have it: `core.Pod`, the same for every version. */
export function workingType({ group, kind, structural }: Pick<ResourceDefinition, 'group' | 'kind' | 'structural'>): string {
  if (structural) return 'unstructured.Unstructured';
  const [inGo = ''] = group.split('.');
  return `${inGo === '' || inGo === 'events' ? 'core' : inGo}.${kind}`;
}

/** Is something of the kind read as the type, in whatever version? undefined: no such kind. */
export function isReadAs(
  type: string,
  { group, version, kind }: Pick<ResourceDefinition, 'group' | 'version' | 'kind'>,
): boolean | undefined {
  const found = registry.findKind(group, version, kind);
  if (found) return workingType(found) === type;
  const isList = kind.endsWith('List') && registry.findKind(group, version, kind.slice(0, -'List'.length)) !== undefined;
  return isList || (EVERYWHERE.has(kind) && registry.inVersion(group, version).length > 0) ? false : undefined;
}

export const schemeOf = (group: string): string => SCHEMES[group] ?? 'pkg/api/legacyscheme/scheme.go:30';
