import { isPodLevelResource, podRequests } from '../../api/core/pod-resources.ts';
import type { Container, Pod } from '../../api/schema/generated/types.ts';
import { formatQuantity, milliValue } from '../../base/quantity.ts';
import { nameOf } from './pod-groups-plan.ts';

/** What pods ask for of a resource, in thousandths, by pod; of one container alone when it is given. Throws when a container asks for nothing. */
export function requestsOf(pods: readonly Pod[], resource: string, container: string | undefined): ReadonlyMap<string, number> {
  return new Map(pods.map((pod) => [nameOf(pod), requestOf(pod, resource, container)]));
}

function requestOf(pod: Pod, resource: string, container: string | undefined): number {
  const isWhole = container === undefined && Object.keys(pod.spec?.resources?.requests ?? {}).some(isPodLevelResource);
  if (isWhole) return wholeRequest(pod, resource);
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  const all = [...(pod.spec?.containers ?? []), ...sidecars];
  const chosen = container === undefined ? all : all.filter(({ name }) => name === container);
  if (container !== undefined && chosen.length === 0) throw new Error(`container ${container} not found in Pod ${nameOf(pod)}`);
  return chosen.reduce((sum, each) => sum + requestIn(each, resource, pod), 0);
}

/** Of a pod that asks for something as a whole: what it does not name is the sum of those containers that do. */
function wholeRequest(pod: Pod, resource: string): number {
  const request = podRequests(pod)[resource];
  if (!request) throw new Error(`missing pod-level request for ${resource} in Pod ${nameOf(pod)}`);
  return milliValue(formatQuantity(request));
}

function requestIn({ name, resources }: Container, resource: string, pod: Pod): number {
  const request = resources?.requests?.[resource];
  if (request === undefined) throw new Error(`missing request for ${resource} in container ${name} of Pod ${nameOf(pod)}`);
  return milliValue(request);
}
