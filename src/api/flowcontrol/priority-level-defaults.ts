import { fill, fillZero } from '../meta/fill.ts';
import type { PriorityLevelConfiguration } from '../schema/generated/types.ts';

const SHARES = 30;

export function defaultPriorityLevel({ spec }: PriorityLevelConfiguration): void {
  if (!spec) return;
  if (spec.type === 'Exempt') fill(fill(spec, { exempt: {} }).exempt ?? {}, { nominalConcurrencyShares: 0, lendablePercent: 0 });
  if (!spec.limited) return;
  fill(spec.limited, { nominalConcurrencyShares: SHARES, lendablePercent: 0 });
  const queuing = spec.limited.limitResponse?.queuing;
  if (queuing) fillZero(queuing, { queues: 64, handSize: 8, queueLengthLimit: 50 });
}
