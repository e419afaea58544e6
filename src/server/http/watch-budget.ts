import { ApiError } from '../../api/meta/status.ts';
import type { ApiRequest } from '../../api/transport.ts';

export interface WatchLimits {
  readonly total: number;
  readonly perUser: number;
}

/** Each holds a queue and a connection or stream. Far above what kubelets and controllers of a cluster of this size have. */
export const WATCH_LIMITS: WatchLimits = { total: 20_000, perUser: 4_000 };

type Target = Pick<ApiRequest, 'group' | 'resource' | 'namespace' | 'name'>;

/** Counts watches that are open over HTTP: in all, of each user, of each thing that is watched. */
export class WatchBudget {
  readonly #limits: WatchLimits;
  readonly #byUser = new Map<string, number>();
  readonly #byTarget = new Map<string, number>();
  #total = 0;

  constructor(limits: WatchLimits) {
    this.#limits = limits;
  }

  /** How many watch what the request changes: its object, its namespace, or all of the resource. */
  watching({ group, resource, namespace = '', name = '' }: Target): number {
    if (this.#total === 0) return 0;
    const kind = `${group}/${resource}`;
    const count = (target: string) => this.#byTarget.get(target) ?? 0;
    const everywhere = count(`${kind}||`) + (name ? count(`${kind}||${name}`) : 0);
    return namespace ? everywhere + count(`${kind}|${namespace}|`) + (name ? count(`${kind}|${namespace}|${name}`) : 0) : everywhere;
  }

  /** How many there are of each resource. */
  *counts(): Iterable<readonly [{ readonly group: string; readonly resource: string }, number]> {
    const byResource = new Map<string, number>();
    for (const [target, count] of this.#byTarget) {
      const kind = target.slice(0, target.indexOf('|'));
      byResource.set(kind, (byResource.get(kind) ?? 0) + count);
    }
    for (const [kind, count] of byResource) {
      const slash = kind.indexOf('/');
      yield [{ group: kind.slice(0, slash), resource: kind.slice(slash + 1) }, count];
    }
  }

  /** Until it is disposed of. Throws TooManyRequests. */
  open(user: string, { group, resource, namespace = '', options }: Target & Pick<ApiRequest, 'options'>): Disposable {
    const [, name = ''] = NAMES_ONE.exec(options?.fieldSelector ?? '') ?? [];
    const target = `${group}/${resource}|${namespace}|${name}`;
    const own = this.#byUser.get(user) ?? 0;
    if (own >= this.#limits.perUser) throw tooMany(`${JSON.stringify(user)} has ${own} watches open: limit is ${this.#limits.perUser}`);
    if (this.#total >= this.#limits.total) throw tooMany(`${this.#total} watches are open: limit is ${this.#limits.total}`);
    this.#total += 1;
    add(this.#byUser, user, 1);
    add(this.#byTarget, target, 1);
    return {
      [Symbol.dispose]: () => {
        this.#total -= 1;
        add(this.#byUser, user, -1);
        add(this.#byTarget, target, -1);
      },
    };
  }
}

function add(counts: Map<string, number>, key: string, change: 1 | -1): void {
  const now = (counts.get(key) ?? 0) + change;
  if (now > 0) counts.set(key, now);
  else counts.delete(key);
}

const NAMES_ONE = /(?:^|,)metadata\.name==?([^,]+)/;

const tooMany = (message: string) => new ApiError('TooManyRequests', message, { details: { retryAfterSeconds: 1 } });
