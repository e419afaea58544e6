import { isAllocated } from '../../api/networking/ip-address.ts';
import type { Condition, IPAddress, ServiceCIDR } from '../../api/schema/generated/types.ts';
import { addressRange, type Cidr, containsRange, parseCidr } from '../../base/ip.ts';

export const FINALIZER = 'networking.k8s.io/service-cidr-finalizer';
/** Servers that have not heard of the deletion yet may still give out addresses for so long. */
const DELETION_GRACE_MS = 10_000;

const rangesOf = ({ spec }: ServiceCIDR): Cidr[] => (spec?.cidrs ?? []).flatMap((text) => parseCidr(text) ?? []);

export function holdsAddress(range: ServiceCIDR, address: string): boolean {
  const single = addressRange(address);
  return single !== undefined && rangesOf(range).some((each) => containsRange(each, single));
}

export const overlap = (a: ServiceCIDR, b: ServiceCIDR): boolean =>
  rangesOf(a).some((x) => rangesOf(b).some((y) => containsRange(x, y) || containsRange(y, x)));

/** Would an address of a Service be in no range any more without this one? Ranges that go as well count: they are held up by the same addresses. */
function isNeeded(range: ServiceCIDR, all: readonly ServiceCIDR[], addresses: readonly IPAddress[]): boolean {
  const others = all.filter((other) => other.metadata?.name !== range.metadata?.name);
  const isCovered = rangesOf(range).every((own) => others.some((other) => rangesOf(other).some((theirs) => containsRange(theirs, own))));
  if (isCovered) return false;
  return addresses.filter(isAllocated).some(({ metadata }) => {
    const name = metadata?.name ?? '';
    return holdsAddress(range, name) && !others.some((other) => holdsAddress(other, name));
  });
}

export type ServiceCidrPlan =
  | { readonly do: 'nothing'; readonly afterMs?: number }
  | { readonly do: 'finalizers'; readonly finalizers: readonly string[] }
  | { readonly do: 'condition'; readonly condition: Omit<Condition, 'lastTransitionTime'> };

const READY = { type: 'Ready', status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' } as const;
const TERMINATING = {
  type: 'Ready',
  status: 'False',
  reason: 'Terminating',
  message: 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
} as const;

/** The next step with a range of Service addresses (KEP-1880): it is ready, and once deleted it stays as long as a Service has an address of it alone. */
export function planServiceCidr(
  range: ServiceCIDR,
  all: readonly ServiceCIDR[],
  addresses: readonly IPAddress[],
  nowMs: number,
): ServiceCidrPlan {
  const { finalizers = [], deletionTimestamp } = range.metadata ?? {};
  if (!deletionTimestamp) {
    return finalizers.includes(FINALIZER) ? conditionIfNew(range, READY) : { do: 'finalizers', finalizers: [...finalizers, FINALIZER] };
  }
  if (!finalizers.includes(FINALIZER)) return { do: 'nothing' };
  if (isNeeded(range, all, addresses)) return conditionIfNew(range, TERMINATING);
  const remainingMs = DELETION_GRACE_MS - (nowMs - Date.parse(deletionTimestamp));
  // A clock that jumped must not hold it up for longer.
  if (remainingMs > 0) return { do: 'nothing', afterMs: Math.min(remainingMs, DELETION_GRACE_MS) };
  return { do: 'finalizers', finalizers: finalizers.filter((name) => name !== FINALIZER) };
}

function conditionIfNew({ status }: ServiceCIDR, condition: Omit<Condition, 'lastTransitionTime'>): ServiceCidrPlan {
  const before = status?.conditions?.find((c) => c.type === condition.type);
  const isSame =
    before?.status === condition.status && (before?.reason ?? '') === condition.reason && before?.message === condition.message;
  return isSame ? { do: 'nothing' } : { do: 'condition', condition };
}
