import { ApiError } from '../../api/meta/status.ts';

export interface WatchLimits {
  readonly total: number;
  readonly perUser: number;
}

/** Each holds a queue and a connection or stream. Far above what kubelets and controllers of a cluster of this size have. */
export const WATCH_LIMITS: WatchLimits = { total: 20_000, perUser: 4_000 };

/** Counts watches that are open over HTTP, in all and of each user. */
export class WatchBudget {
  readonly #limits: WatchLimits;
  readonly #byUser = new Map<string, number>();
  #total = 0;

  constructor(limits: WatchLimits) {
    this.#limits = limits;
  }

  /** Until it is disposed of. Throws TooManyRequests. */
  open(user: string): Disposable {
    const own = this.#byUser.get(user) ?? 0;
    if (own >= this.#limits.perUser) throw tooMany(`${JSON.stringify(user)} has ${own} watches open: limit is ${this.#limits.perUser}`);
    if (this.#total >= this.#limits.total) throw tooMany(`${this.#total} watches are open: limit is ${this.#limits.total}`);
    this.#total += 1;
    this.#byUser.set(user, own + 1);
    return {
      [Symbol.dispose]: () => {
        this.#total -= 1;
        const left = (this.#byUser.get(user) ?? 1) - 1;
        if (left > 0) this.#byUser.set(user, left);
        else this.#byUser.delete(user);
      },
    };
  }
}

const tooMany = (message: string) => new ApiError('TooManyRequests', message, { details: { retryAfterSeconds: 1 } });
