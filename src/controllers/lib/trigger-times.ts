import type { Pod, Service } from '../../api/schema/generated/types.ts';

interface Seen {
  readonly service: string;
  /** Pod -> when its readiness last changed. */
  readonly pods: ReadonlyMap<string, string>;
}

/** RFC 3339 in whole seconds, as all of these are: their order is that of their texts. */
const changedAt = ({ status }: Pod): string => status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? '';

/**
 * Remembers of each Service what has been seen, and tells of the earliest change since (kubernetes, endpointslice, TriggerTimeTracker). Asked at every look at a Service, also when
 * nothing is to be written.
 */
export class TriggerTimes {
  readonly #seen = new Map<string, Seen>();

  /** Undefined: nothing that has a time led here. The first time of all is that of the Service's creation. */
  next(key: string, service: Service, pods: readonly Pod[]): string | undefined {
    const before = this.#seen.get(key);
    const created = service.metadata?.creationTimestamp ?? '';
    const times = new Map(pods.map((pod) => [pod.metadata?.name ?? '', changedAt(pod)]));
    this.#seen.set(key, { service: created, pods: times });
    if (!before) return created || undefined;
    const later = [...times].flatMap(([name, time]) => (time > (before.pods.get(name) ?? '') ? [time] : []));
    if (created > before.service) later.push(created);
    return later.sort()[0];
  }

  forget(key: string): void {
    this.#seen.delete(key);
  }
}
