import type { Container, Pod, ResourceFieldSelector } from '../../api/schema/generated/types.ts';
import { goQuote } from '../../base/go-escapes.ts';
import { parseQuantity } from '../../base/quantity.ts';

/**
 * The downward API (https://kubernetes.io/docs/concepts/workloads/pods/downward-api/): the value of a field of the pod, for volumes and for
 * environment variables. Throws an Error that names what is wrong with the path.
 */
export function fieldValue(pod: Pod, fieldPath: string): string {
  const subscript = /^(metadata\.(?:labels|annotations))\['(.*)'\]$/.exec(fieldPath);
  if (subscript) return mapOf(pod, subscript[1] as string)[subscript[2] as string] ?? '';
  switch (fieldPath) {
    case 'metadata.name':
      return pod.metadata?.name ?? '';
    case 'metadata.namespace':
      return pod.metadata?.namespace ?? '';
    case 'metadata.uid':
      return pod.metadata?.uid ?? '';
    case 'metadata.labels':
    case 'metadata.annotations':
      return formatMap(mapOf(pod, fieldPath));
    case 'spec.nodeName':
      return pod.spec?.nodeName ?? '';
    case 'spec.serviceAccountName':
      return pod.spec?.serviceAccountName ?? '';
    case 'status.hostIP':
      return pod.status?.hostIP ?? '';
    case 'status.hostIPs':
      return (pod.status?.hostIPs ?? []).map(({ ip }) => ip).join(',');
    case 'status.podIP':
      return pod.status?.podIP ?? '';
    case 'status.podIPs':
      return (pod.status?.podIPs ?? []).map(({ ip }) => ip).join(',');
    default:
      throw new Error(`unsupported fieldPath: ${fieldPath}`);
  }
}

const mapOf = (pod: Pod, path: string): Record<string, string> =>
  (path === 'metadata.labels' ? pod.metadata?.labels : pod.metadata?.annotations) ?? {};

/** `key="value"` lines, sorted by key; values quoted as Go's %q has it. */
const formatMap = (map: Record<string, string>): string =>
  Object.keys(map)
    .sort()
    .map((key) => `${key}=${goQuote(map[key] ?? '')}`)
    .join('\n');

/**
 * A container's request or limit in units of the divisor, rounded up. A limit that is not set is what the node can give (`allocatable`, quantities by
 * resource), a request that is not set is the limit. Throws an Error for what is neither a limit nor a request.
 */
export function resourceAmount(
  container: Container,
  selector: ResourceFieldSelector,
  allocatable: Readonly<Record<string, string>>,
): string {
  const [side, ...rest] = selector.resource.split('.');
  const resource = rest.join('.');
  if ((side !== 'limits' && side !== 'requests') || resource === '')
    throw new Error(`unsupported container resource : ${selector.resource}`);
  const standIn = side === 'limits' ? allocatable[resource] : container.resources?.limits?.[resource];
  const { nanos } = parseQuantity(container.resources?.[side]?.[resource] ?? standIn ?? '0');
  const asked = parseQuantity(selector.divisor ?? '1').nanos;
  const divisor = asked === 0n ? parseQuantity('1').nanos : asked;
  return ((nanos + divisor - 1n) / divisor).toString();
}

/** The same for the container of that name. */
export function resourceFieldValue(
  pod: Pod,
  selector: ResourceFieldSelector,
  containerName: string,
  allocatable: Readonly<Record<string, string>>,
): string {
  const container = containersOf(pod).find(({ name }) => name === containerName);
  if (!container) throw new Error(`container ${containerName} not found`);
  return resourceAmount(container, selector, allocatable);
}

const containersOf = (pod: Pod): Container[] => [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
