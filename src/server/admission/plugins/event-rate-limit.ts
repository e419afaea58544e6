import { LRUCache } from 'lru-cache';
import { ApiError } from '../../../api/meta/status.ts';
import type { Event as KubeEvent } from '../../../api/schema/generated/types.ts';
import type { Clock } from '../../../base/clock.ts';
import { goAggregate } from '../../../base/go-aggregate.ts';
import { type TokenBucket, tokenBucket } from '../../../base/token-bucket.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../ports.ts';
import type { EventLimit } from '../configuration/event-rate-limit.ts';
import { isAbout, isWrite } from '../request.ts';
import { isDryRun } from '../webhooks/review.ts';

/** Whose share an Event is. */
const KEYS: Readonly<Record<EventLimit['type'], (admission: AdmissionRequest) => string>> = {
  Server: () => '',
  Namespace: ({ request }) => request.namespace ?? '',
  User: ({ context }) => context.user.name,
  SourceAndObject({ object }) {
    const { source, involvedObject: about } = object as KubeEvent;
    return [source?.component, source?.host, about.kind, about.namespace, about.name, about.uid, about.apiVersion].join('');
  },
};

/** Lets in as many Events of the core group as the operator says; only he can switch it on, and says how many. (Kubernetes: "Admission Control", EventRateLimit.) */
export function eventRateLimit(limits: readonly EventLimit[], clock: Pick<Clock, 'monotonic'>): AdmissionPlugin {
  const enforcers = limits.map((limit) => {
    const { type, remembered, perSecond, burst } = limit;
    return { type, buckets: new LRUCache<string, TokenBucket>({ max: remembered }), fresh: () => tokenBucket({ perSecond, burst, clock }) };
  });
  return {
    name: 'EventRateLimit',
    validate(admission) {
      if (!isWrite(admission) || !isAbout(admission, 'events') || isDryRun(admission)) return;
      const reached = enforcers.flatMap(({ type, buckets, fresh }) => {
        const key = KEYS[type](admission);
        const bucket = buckets.get(key) ?? fresh();
        buckets.set(key, bucket);
        return bucket.tryTake() ? [] : [`limit reached on type ${type} for key ${key}`];
      });
      if (reached.length > 0) throw new ApiError('TooManyRequests', `Too many requests: ${goAggregate(reached)}`);
    },
  };
}
