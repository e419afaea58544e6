import { ApiError } from '../../src/api/meta/status.ts';
import type { ApiRequest, Transport, WatchEvent } from '../../src/api/transport.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { Dice } from './dice.ts';

/** How often what goes wrong: shares of requests, and of watch events. */
export interface FaultRates {
  /** A request that waits before it is sent, and its answer before it comes. */
  readonly slow: number;
  /** 429, 500 or 503; nothing was done. */
  readonly refused: number;
  /** 409 for a change that nobody was in the way of. */
  readonly conflict: number;
  /** Done, but the answer is an error. */
  readonly lost: number;
  /** An error, and done a moment later. */
  readonly late: number;
  readonly delayedEvent: number;
  readonly duplicatedEvent: number;
  /** A watch that ends after an event. */
  readonly endedWatch: number;
  /** 410 in place of an event: everything is listed again. */
  readonly expiredWatch: number;
}

export const NO_FAULTS: FaultRates = {
  slow: 0,
  refused: 0,
  conflict: 0,
  lost: 0,
  late: 0,
  delayedEvent: 0,
  duplicatedEvent: 0,
  endedWatch: 0,
  expiredWatch: 0,
};

export interface FaultyTransportOptions {
  readonly inner: Transport;
  readonly clock: Clock;
  readonly dice: Dice;
  /** Asked at every throw: faults come and go. */
  readonly rates: () => FaultRates;
  /** Told of a write that will be carried out after its caller was told that it failed: nobody can know of it before it is. */
  readonly onLate: (request: ApiRequest) => void;
  /** Told of a write that was carried out although its caller is told that it failed. */
  readonly onLost: (request: ApiRequest) => void;
}

const LONGEST_REQUEST_DELAY_MS = 1_500;
const LONGEST_EVENT_DELAY_MS = 3_000;
/** Upstream's clients give up after a minute or so; what they sent may still be carried out. */
const LONGEST_LATE_MS = 5_000;

const CHANGES: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

const timedOut = () => new ApiError('Timeout', 'request did not complete within the allotted timeout');

/** A Transport between a component and the API on which everything happens that may happen on a network, by the dice. */
export function faultyTransport({ inner, clock, dice, rates, onLate, onLost }: FaultyTransportOptions): Transport {
  const pause = (mostMs: number, signal: AbortSignal) => clock.sleep(dice.between(1, mostMs), { signal });

  function refusal(): ApiError {
    const reason = dice.pick(['TooManyRequests', 'InternalError', 'ServiceUnavailable'] as const) ?? 'InternalError';
    return new ApiError(reason, 'fault: the server refused');
  }

  /** The signal is not the caller's any more: he has gone. */
  function sendLate(request: ApiRequest): void {
    clock.timer(dice.between(1, LONGEST_LATE_MS), () => {
      inner.request(request, { signal: new AbortController().signal }).catch(() => {});
    });
  }

  return {
    async request(request, { signal }) {
      const isChange = CHANGES.has(request.verb);
      if (dice.chance(rates().slow)) await pause(LONGEST_REQUEST_DELAY_MS, signal);
      if (dice.chance(rates().refused)) throw refusal();
      if (isChange && request.verb !== 'create' && dice.chance(rates().conflict)) {
        throw new ApiError(
          'Conflict',
          'fault: the object has been modified; please apply your changes to the latest version and try again',
        );
      }
      if (isChange && dice.chance(rates().late)) {
        onLate(request);
        sendLate(request);
        throw timedOut();
      }
      const isLost = isChange && dice.chance(rates().lost);
      if (isLost) onLost(request);
      const answer = await inner.request(request, { signal });
      if (isLost) throw timedOut();
      if (dice.chance(rates().slow)) await pause(LONGEST_REQUEST_DELAY_MS, signal);
      return answer;
    },

    async *watch(request, { signal }): AsyncGenerator<WatchEvent> {
      if (dice.chance(rates().refused)) throw refusal();
      const latency = () => (dice.chance(rates().delayedEvent) ? dice.between(1, LONGEST_EVENT_DELAY_MS) : 0);
      for await (const event of delayed((how) => inner.watch(request, how), { clock, latency, signal })) {
        if (dice.chance(rates().expiredWatch)) throw new ApiError('Expired', 'fault: too old resource version');
        yield event;
        if (dice.chance(rates().duplicatedEvent)) yield event;
        if (dice.chance(rates().endedWatch)) return;
      }
    },
  };
}

interface Latency {
  readonly clock: Clock;
  /** Milliseconds that this event is under way. */
  readonly latency: () => number;
  readonly signal: AbortSignal;
}

/** Events in their order, each some time after it came: one that is held up holds up those behind it, and no longer than that. */
async function* delayed(
  open: (how: { signal: AbortSignal }) => AsyncIterable<WatchEvent>,
  { clock, latency, signal }: Latency,
): AsyncGenerator<WatchEvent> {
  type Arrival = { readonly at: number; readonly event?: WatchEvent; readonly error?: unknown };
  const arrivals: Arrival[] = [];
  let wake = () => {};
  let lastAt = 0;
  const stop = new AbortController();
  const arrive = (what: Omit<Arrival, 'at'>) => {
    lastAt = Math.max(lastAt, clock.monotonic() + latency());
    arrivals.push({ ...what, at: lastAt });
    wake();
  };
  const pump = async () => {
    for await (const event of open({ signal: AbortSignal.any([signal, stop.signal]) })) arrive({ event });
    arrive({});
  };
  const pumping = pump().catch((error: unknown) => arrive({ error }));
  try {
    for (;;) {
      const next = arrivals.shift();
      if (!next) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      if (next.at > clock.monotonic()) await clock.sleep(next.at - clock.monotonic(), { signal });
      if (next.error) throw next.error;
      if (!next.event) return;
      yield next.event;
    }
  } finally {
    stop.abort();
    await pumping;
  }
}
