interface SharedCall<T> {
  readonly promise: Promise<T>;
  readonly stop: AbortController;
  waiters: number;
}

/**
 * Callers that ask for the same key at the same time share one call. A caller that aborts only stops waiting; the call itself is aborted
 * when nobody waits for it any more.
 */
export class SharedCalls<T> {
  readonly #calls = new Map<string, SharedCall<T>>();

  async run(key: string, { signal }: { signal: AbortSignal }, start: (options: { signal: AbortSignal }) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const call = this.#calls.get(key) ?? this.#start(key, start);
    call.waiters += 1;
    const left = Promise.withResolvers<never>();
    const onAbort = () => left.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([call.promise, left.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
      call.waiters -= 1;
      if (call.waiters === 0) this.#abandon(key, call);
    }
  }

  #start(key: string, start: (options: { signal: AbortSignal }) => Promise<T>): SharedCall<T> {
    const stop = new AbortController();
    const promise = start({ signal: stop.signal }).finally(() => this.#forget(key, call));
    const call: SharedCall<T> = { promise, stop, waiters: 0 };
    // Whoever waits hears of the failure; with nobody left there is nobody to tell.
    promise.catch(() => {});
    this.#calls.set(key, call);
    return call;
  }

  #abandon(key: string, call: SharedCall<T>): void {
    this.#forget(key, call);
    call.stop.abort();
  }

  #forget(key: string, call: SharedCall<T>): void {
    if (this.#calls.get(key) === call) this.#calls.delete(key);
  }
}
