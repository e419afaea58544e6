import type { Writable } from 'node:stream';

/** What is ready sooner than this many others waits for the end of the turn. */
const MOST_WAITING = 16;

/**
 * Ends answers together: those of one turn of the event loop after all of its requests were looked at, at most `most` at once. Each write to a socket wakes
 * whoever waits for it, and a client with several connections that is woken for every single answer costs both sides a switch of the core each time.
 */
export class Outbox {
  readonly #most: number;
  #waiting: { readonly stream: Writable; readonly bytes: Uint8Array }[] = [];

  constructor(most = MOST_WAITING) {
    this.#most = most;
  }

  /** Nothing else is written to the stream. One that is gone by then is left alone. */
  end(stream: Writable, bytes: Uint8Array): void {
    const { length } = this.#waiting;
    this.#waiting.push({ stream, bytes });
    if (length === 0) setImmediate(() => this.#flush());
    else if (length + 1 >= this.#most) this.#flush();
  }

  #flush(): void {
    for (const { stream, bytes } of this.#waiting.splice(0)) {
      if (!stream.destroyed) stream.end(bytes);
    }
  }
}
