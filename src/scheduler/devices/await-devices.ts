import { objectKey } from '../../api/meta/object.ts';
import type { ResourceV1ResourceClaim } from '../../api/schema/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import { createNotifier } from '../../base/notifier.ts';
import type { Informer } from '../../client/informer.ts';
import { DEVICE_BINDING_TIMEOUT, readinessOf } from './binding-conditions-plan.ts';

export interface AwaitDevicesOptions {
  readonly claims: Informer<ResourceV1ResourceClaim>;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** Resolves when the drivers have prepared all devices of the claims. Rejects, in upstream's words, when one could not be, or not in time. `written`: as they are now. */
export async function awaitDevices(
  written: readonly ResourceV1ResourceClaim[],
  { claims, clock, timeoutMs }: AwaitDevicesOptions,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  const changes = createNotifier();
  let isLate = false;
  using _claims = claims.onChange(() => changes.notify());
  using _timer = clock.timer(timeoutMs, () => {
    isLate = true;
    changes.notify();
  });
  while (!written.every((claim) => isReady(claim))) {
    if (isLate) throw new Error(`${DEVICE_BINDING_TIMEOUT}: context deadline exceeded`);
    await changes.wait({ signal });
    signal.throwIfAborted();
  }

  function isReady(before: ResourceV1ResourceClaim): boolean {
    const claim = claims.get(objectKey(before));
    if (!claim) throw new Error(`resourceclaim.resource.k8s.io "${before.metadata?.name}" not found`);
    // The informer is not as far as what was written.
    if (Number(claim.metadata?.resourceVersion) < Number(before.metadata?.resourceVersion)) return false;
    const readiness = readinessOf(claim, timeoutMs, clock.now());
    if (readiness.is === 'failed' || readiness.is === 'late') throw new Error(readiness.why);
    return readiness.is === 'ready';
  }
}
