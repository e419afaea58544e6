import { events } from '../api/core/event.ts';
import type { KubeObject } from '../api/meta/object.ts';
import { isForbidden, isNotFound } from '../api/meta/status.ts';
import type { Event } from '../api/schema/generated/types.ts';
import { isAbort } from '../base/abort.ts';
import { type Clock, rfc3339 } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from './client.ts';
import { EventCorrelator, type Occurrence } from './event-correlator.ts';

/** Waiting events beyond this are dropped: a recorder never holds up or fills its process. */
const QUEUE_LIMIT = 1000;

/** Writes core/v1 Events about objects, in the background. `event` never throws and never waits. */
export interface EventRecorder extends Component {
  readonly event: (about: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string, fieldPath?: string) => void;
}

export interface EventRecorderOptions {
  readonly client: Client;
  /** Source of the events: `replicaset-controller`, `kubelet`, `default-scheduler`. */
  readonly component: string;
  readonly host?: string;
  readonly clock: Clock;
  readonly log: Logger;
}

export function eventRecorder({ client, component, host, clock, log }: EventRecorderOptions): EventRecorder {
  const correlator = new EventCorrelator();
  const queue: { occurrence: Occurrence; atMs: number }[] = [];
  let wake = () => {};

  async function write({ occurrence, atMs }: { occurrence: Occurrence; atMs: number }, signal: AbortSignal): Promise<void> {
    const plan = correlator.correlate(occurrence, atMs);
    if (plan.do === 'drop') return;
    const namespace = occurrence.about.namespace || 'default';
    if (plan.do === 'bump') {
      const patch = { count: plan.count, lastTimestamp: rfc3339(atMs), message: plan.message };
      try {
        await client.patch(events, plan.name, 'merge', patch, { namespace, signal });
        return correlator.stored(plan.key, plan.name, plan.count);
      } catch (error) {
        // Events expire after an hour: then the count starts again.
        if (!isNotFound(error)) throw error;
      }
    }
    const event = newEvent(occurrence, plan.message, namespace, atMs, { component, host });
    await client.create(events, event, { namespace, signal });
    correlator.stored(plan.key, event.metadata.name ?? '', 1);
  }

  return {
    name: `events of ${component}`,
    event(about, type, reason, message, fieldPath) {
      if (queue.length >= QUEUE_LIMIT) return;
      queue.push({ occurrence: { about: referenceTo(about, fieldPath), type, reason, message }, atMs: clock.now() });
      wake();
    },
    async run({ signal, ready }) {
      ready();
      const onAbort = () => wake();
      signal.addEventListener('abort', onAbort, { once: true });
      while (!signal.aborted) {
        const next = queue.shift();
        if (!next) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        await write(next, signal).catch((error: unknown) => {
          if (isAbort(error, signal)) return;
          // A namespace that is being deleted takes no new events: expected.
          const fields = { reason: next.occurrence.reason, error: error instanceof Error ? error.message : String(error) };
          if (isForbidden(error) || isNotFound(error)) log.debug(fields, 'event not written');
          else log.warn(fields, 'event not written');
        });
      }
    },
  };
}

export function referenceTo(object: KubeObject, fieldPath?: string): Occurrence['about'] {
  const { namespace, name, uid, resourceVersion } = object.metadata ?? {};
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    ...(namespace && { namespace }),
    name,
    uid,
    resourceVersion,
    ...(fieldPath && { fieldPath }),
  };
}

function newEvent(
  { about, type, reason }: Occurrence,
  message: string,
  namespace: string,
  atMs: number,
  source: { component: string; host: string | undefined },
): Event {
  sequence += 1;
  // As upstream: the object's name and a hexadecimal time in nanoseconds; the sequence keeps it unique within a millisecond.
  const unique = (BigInt(atMs) * 1_000_000n + BigInt(sequence % 1_000_000)).toString(16);
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${about.name}.${unique}`, namespace },
    involvedObject: about,
    reason,
    message,
    type,
    count: 1,
    firstTimestamp: rfc3339(atMs),
    lastTimestamp: rfc3339(atMs),
    source: { component: source.component, ...(source.host && { host: source.host }) },
    reportingComponent: source.component,
    ...(source.host && { reportingInstance: source.host }),
  };
}
let sequence = 0;
