import type { Pod } from '../api/schema/generated/types.ts';
import type { ClusterEvent, EventInterest, EventResource } from './framework/cluster-event.ts';
import type { SchedulerPlugin } from './framework/plugin.ts';

interface Interested {
  readonly plugin: string;
  readonly interest: EventInterest;
}

/** Which plugins wait for which events, over all profiles (KEP-4247). Plugins of one name in two profiles may differ by their arguments: either counts. */
export class Interests {
  readonly #byResource = new Map<EventResource, Interested[]>();
  /** Those that did not say: any event may help them. */
  readonly #toAll = new Set<string>();

  constructor(plugins: Iterable<SchedulerPlugin>) {
    for (const { name, events } of plugins) {
      if (!events) this.#toAll.add(name);
      for (const interest of events ?? []) {
        const list = this.#byResource.get(interest.resource);
        if (list) list.push({ plugin: name, interest });
        else this.#byResource.set(interest.resource, [{ plugin: name, interest }]);
      }
    }
  }

  get resources(): readonly EventResource[] {
    return [...this.#byResource.keys()];
  }

  pluginsFor({ resource, actions }: ClusterEvent): readonly string[] {
    const waiting = (this.#byResource.get(resource) ?? []).filter(({ interest }) => interest.actions & actions);
    return [...new Set([...this.#toAll, ...waiting.map(({ plugin }) => plugin)])];
  }

  isHelpful(plugin: string, pod: Pod, event: ClusterEvent): boolean {
    if (this.#toAll.has(plugin)) return true;
    return (this.#byResource.get(event.resource) ?? []).some(
      (entry) => entry.plugin === plugin && (entry.interest.actions & event.actions) !== 0 && hint(entry.interest, pod, event),
    );
  }
}

function hint({ isHelpful }: EventInterest, pod: Pod, event: ClusterEvent): boolean {
  if (!isHelpful) return true;
  try {
    return isHelpful(pod, event);
  } catch {
    // Trying once more is cheap; a pod that nothing wakes is not.
    return true;
  }
}
