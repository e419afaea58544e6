import type { PriorityLevelConfiguration } from '../../api/schema/generated/types.ts';

export interface Queuing {
  readonly queues: number;
  readonly handSize: number;
  readonly queueLengthLimit: number;
}

/** How many requests of a level may be under way at a time. */
export interface LevelLimits {
  readonly name: string;
  readonly uid: string;
  readonly exempt: boolean;
  /** Its share of all seats. */
  readonly nominal: number;
  /** What it never lends to others. */
  readonly lower: number;
  /** With what it may borrow from others. */
  readonly upper: number;
  /** undefined: what finds no seat is rejected. */
  readonly queuing: Queuing | undefined;
}

const SHARES = 30;
const QUEUING: Queuing = { queues: 64, handSize: 8, queueLengthLimit: 50 };

/** Divides the seats by shares, as upstream does (KEP-1040, "Dispatching"): every level's part is rounded up. */
export function divideSeats(levels: readonly PriorityLevelConfiguration[], seats: number): readonly LevelLimits[] {
  const total = levels.reduce((sum, level) => sum + sharesOf(level), 0);
  return levels.map((level) => {
    const { type, limited, exempt } = level.spec ?? { type: '' };
    const nominal = total > 0 ? Math.ceil((seats * sharesOf(level)) / total) : 0;
    const lendable = Math.round((nominal * ((type === 'Exempt' ? exempt : limited)?.lendablePercent ?? 0)) / 100);
    const percent = limited?.borrowingLimitPercent;
    const upper = percent === undefined || percent === null ? Math.max(seats, nominal) : nominal + Math.round((nominal * percent) / 100);
    return {
      name: level.metadata?.name ?? '',
      uid: level.metadata?.uid ?? '',
      exempt: type === 'Exempt',
      nominal,
      // One at least, so that lending never shuts a level out.
      lower: Math.max(nominal - lendable, Math.min(nominal, 1)),
      upper,
      queuing: limited?.limitResponse?.type === 'Queue' ? { ...QUEUING, ...limited.limitResponse.queuing } : undefined,
    };
  });
}

const sharesOf = ({ spec }: PriorityLevelConfiguration): number =>
  spec?.type === 'Exempt' ? (spec.exempt?.nominalConcurrencyShares ?? 0) : (spec?.limited?.nominalConcurrencyShares ?? SHARES);
