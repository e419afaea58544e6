import { addQuantities, compareQuantities, parseQuantity, type Quantity } from '../../base/quantity.ts';
import type { Container, ContainerStatus, Pod } from '../schema/generated/types.ts';

/** Exact amounts by resource name. */
export type Amounts = Record<string, Quantity>;

type List = Readonly<Record<string, string>> | undefined;
type Side = 'requests' | 'limits';

export interface PodAmountsOptions {
  /** What the runtime class adds; true when absent. */
  readonly overhead?: boolean;
  /** While a pod is resized it holds the larger of what its spec asks for and what its status says it has (KEP-1287). */
  readonly status?: boolean;
  /** Which resources may be given for the pod as a whole (KEP-2837); cpu, memory and huge pages when absent. */
  readonly podLevel?: (name: string) => boolean;
}

export const toAmounts = (list: List): Amounts =>
  Object.fromEntries(Object.entries(list ?? {}).map(([name, text]) => [name, parseQuantity(text)]));

export function addAmounts(sum: Amounts, more: Readonly<Amounts>): void {
  for (const [name, amount] of Object.entries(more)) {
    const before = sum[name];
    sum[name] = before ? addQuantities(before, amount) : amount;
  }
}

function maxAmounts(max: Amounts, other: Readonly<Amounts>): void {
  for (const [name, amount] of Object.entries(other)) {
    const before = max[name];
    if (!before || compareQuantities(amount, before) > 0) max[name] = amount;
  }
}

/** Can it be asked for by a pod as a whole (KEP-2837)? */
export const isPodLevelResource = (name: string) => name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');

export const isSidecar = ({ restartPolicy }: Container) => restartPolicy === 'Always';

/** What the pod may use at most at any moment of its life. */
export const podLimits = (pod: Pod, options: PodAmountsOptions = {}): Amounts => podAmounts(pod, 'limits', options);

/**
 * What a pod asks for: the sum of its containers and sidecars, or the largest moment of its init phase if that is more, plus overhead (Kubernetes:
 * "Init containers", resource sharing; KEP-753). What is asked for the pod as a whole wins.
 */
export const podRequests = (pod: Pod, options: PodAmountsOptions = {}): Amounts => podAmounts(pod, 'requests', options);

const CONTAINERS_ALONE: PodAmountsOptions = { overhead: false, podLevel: () => false };
/** The same without what is asked for the pod as a whole, and without overhead. */
export const containerRequests = (pod: Pod): Amounts => podAmounts(pod, 'requests', CONTAINERS_ALONE);
export const containerLimits = (pod: Pod): Amounts => podAmounts(pod, 'limits', CONTAINERS_ALONE);

function podAmounts(pod: Pod, side: Side, { overhead = true, status = false, podLevel = isPodLevelResource }: PodAmountsOptions): Amounts {
  const amountsOf = status ? withStatus(pod, side) : (container: Container) => toAmounts(container.resources?.[side]);
  const total = containerAmounts(pod, amountsOf);
  for (const [name, text] of Object.entries(pod.spec?.resources?.[side] ?? {})) if (podLevel(name)) total[name] = parseQuantity(text);
  if (!overhead) return total;
  const extra = toAmounts(pod.spec?.overhead);
  if (side === 'limits') for (const name of Object.keys(extra)) if (!total[name]) delete extra[name];
  addAmounts(total, extra);
  return total;
}

function containerAmounts({ spec }: Pod, amountsOf: (container: Container) => Amounts): Amounts {
  const running: Amounts = {};
  const sidecars: Amounts = {};
  const initPeak: Amounts = {};
  for (const container of spec?.containers ?? []) addAmounts(running, amountsOf(container));
  for (const container of spec?.initContainers ?? []) {
    const own = amountsOf(container);
    if (isSidecar(container)) {
      addAmounts(sidecars, own);
      maxAmounts(initPeak, sidecars);
    } else {
      const moment = { ...sidecars };
      addAmounts(moment, own);
      maxAmounts(initPeak, moment);
    }
  }
  addAmounts(running, sidecars);
  maxAmounts(running, initPeak);
  return running;
}

/** A resize that cannot be done asks for nothing more. */
function withStatus({ status }: Pod, side: Side): (container: Container) => Amounts {
  const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  const infeasible = status?.conditions?.some(({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible');
  return (container) => {
    const known: ContainerStatus | undefined = statuses.find(({ name }) => name === container.name);
    const amounts = toAmounts(infeasible && known?.resources ? undefined : container.resources?.[side]);
    if (!known?.resources) return amounts;
    maxAmounts(amounts, toAmounts(known.resources[side]));
    if (side === 'requests') maxAmounts(amounts, toAmounts(known.allocatedResources));
    return amounts;
  };
}
