import { compareQuantities, parseQuantity } from '../../base/quantity.ts';
import type { Container, PodSpec } from '../schema/generated/types.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';
const COMPUTE = ['cpu', 'memory'];

const positive = (text: string | undefined) => text !== undefined && parseQuantity(text).nanos > 0n;

type Asking = Pick<Container, 'resources'>;

function isGuaranteed({ resources }: Asking): boolean {
  return COMPUTE.every((name) => {
    const limit = resources?.limits?.[name];
    const request = resources?.requests?.[name] ?? limit;
    if (limit === undefined || request === undefined || !positive(limit)) return false;
    return compareQuantities(parseQuantity(limit), parseQuantity(request)) === 0;
  });
}

const asksForAnything = ({ resources }: Asking): boolean =>
  COMPUTE.some((name) => positive(resources?.requests?.[name]) || positive(resources?.limits?.[name]));

/** Kubernetes, "Pod Quality of Service Classes": by cpu and memory of the pod as a whole if given, else of app and init containers. */
export function qosClassOf(spec: PodSpec): QosClass {
  const containers = spec.resources ? [spec] : [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  if (!containers.some(asksForAnything)) return 'BestEffort';
  return containers.every(isGuaranteed) ? 'Guaranteed' : 'Burstable';
}
