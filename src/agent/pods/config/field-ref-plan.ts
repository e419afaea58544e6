import type { Container, Pod, ResourceFieldSelector } from '../../../api/schema/generated/types.ts';
import { parseQuantity } from '../../../base/quantity.ts';

/** What the downward API knows beyond the pod's object. */
export interface DownwardFacts {
  readonly podIps: readonly string[];
  readonly hostIps: readonly string[];
  readonly nodeName: string;
  /** The node's allocatable amounts: what a container without a limit may use. */
  readonly allocatable: Readonly<Record<string, string>>;
}

/** A map as downward files show it: sorted, values quoted as Go quotes them. */
const formatMap = (map: Readonly<Record<string, string>> | undefined): string =>
  Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');

/** The value of `fieldRef.fieldPath` (Kubernetes, "Downward API"). Undefined: no such field. */
export function fieldValue(pod: Pod, path: string, facts: DownwardFacts): string | undefined {
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (keyed) return pod.metadata?.[keyed[1] as 'labels' | 'annotations']?.[keyed[2] ?? ''] ?? '';
  switch (path) {
    case 'metadata.name':
      return pod.metadata?.name ?? '';
    case 'metadata.namespace':
      return pod.metadata?.namespace ?? '';
    case 'metadata.uid':
      return pod.metadata?.uid ?? '';
    case 'metadata.labels':
      return formatMap(pod.metadata?.labels);
    case 'metadata.annotations':
      return formatMap(pod.metadata?.annotations);
    case 'spec.nodeName':
      return facts.nodeName;
    case 'spec.serviceAccountName':
      return pod.spec?.serviceAccountName ?? '';
    case 'status.hostIP':
      return facts.hostIps[0] ?? '';
    case 'status.hostIPs':
      return facts.hostIps.join(',');
    case 'status.podIP':
      return facts.podIps[0] ?? '';
    case 'status.podIPs':
      return facts.podIps.join(',');
    default:
      return undefined;
  }
}

/** The amount that `resourceFieldRef` asks for, in units of its divisor, rounded up. Undefined: no such resource. */
export function resourceValue(container: Container, ref: ResourceFieldSelector, facts: DownwardFacts): string | undefined {
  const [kind, ...rest] = ref.resource.split('.');
  const resource = rest.join('.');
  if ((kind !== 'limits' && kind !== 'requests') || resource === '') return undefined;
  const own = container.resources?.[kind]?.[resource];
  const standIn = kind === 'limits' ? facts.allocatable[resource] : container.resources?.limits?.[resource];
  const { nanos } = parseQuantity(own ?? standIn ?? '0');
  const asked = ref.divisor === undefined || parseQuantity(ref.divisor).nanos === 0n ? '1' : ref.divisor;
  const divisor = parseQuantity(asked).nanos;
  return ((nanos + divisor - 1n) / divisor).toString();
}
