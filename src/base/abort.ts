import type { Clock } from './clock.ts';

/** Resolves when the signal aborts (at once when it already has). */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Did this error come from the signal itself? Loops end quietly on it; anything else is a failure. */
export const isAbort = (error: unknown, signal: AbortSignal): boolean =>
  signal.aborted && (error === signal.reason || (error instanceof Error && error.name === 'AbortError'));

/** What a deadline aborts with. */
export const TOO_LATE = new DOMException('no answer in time', 'TimeoutError');

/** A signal that aborts with another one, or after `ms`, by TOO_LATE then. Dispose it when the work is done. */
export function deadline(signal: AbortSignal, clock: Clock, ms: number): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const timer = clock.timer(ms, () => controller.abort(TOO_LATE));
  return { signal: AbortSignal.any([signal, controller.signal]), [Symbol.dispose]: () => timer[Symbol.dispose]() };
}
