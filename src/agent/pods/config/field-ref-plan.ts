import type { Container, Pod, ResourceFieldSelector } from '../../../api/schema/generated/types.ts';
import { fieldValue as downwardField, resourceAmount } from '../../volumes/downward-plan.ts';

/** What the downward API knows beyond the pod's object. */
export interface DownwardFacts {
  readonly podIps: readonly string[];
  readonly hostIps: readonly string[];
  readonly nodeName: string;
  /** The node's allocatable amounts: what a container without a limit may use. */
  readonly allocatable: Readonly<Record<string, string>>;
}

/** The pod as its environment sees it: what the node knows already, though the status may not say it yet. */
const withFacts = (pod: Pod, { podIps, hostIps, nodeName }: DownwardFacts): Pod => ({
  ...pod,
  spec: { ...pod.spec, containers: pod.spec?.containers ?? [], nodeName },
  status: {
    ...pod.status,
    hostIP: hostIps[0],
    hostIPs: hostIps.map((ip) => ({ ip })),
    podIP: podIps[0],
    podIPs: podIps.map((ip) => ({ ip })),
  },
});

/** The value of `fieldRef.fieldPath`, as in downward API volumes. Throws an Error for a field that there is not. */
export const fieldValue = (pod: Pod, path: string, facts: DownwardFacts): string => downwardField(withFacts(pod, facts), path);

/** The amount that `resourceFieldRef` asks for. Throws an Error for what is no resource. */
export const resourceValue = (container: Container, ref: ResourceFieldSelector, facts: DownwardFacts): string =>
  resourceAmount(container, ref, facts.allocatable);
