/**
 * Lets at most `perTurn` pieces of work start in one turn of the event loop; the others wait, in their order, until the loop has looked
 * at its sockets and timers again. So a burst of expensive work does not keep cheap work, which arrives meanwhile, waiting for all of it.
 */
export class TurnQueue {
  readonly #perTurn: number;
  readonly #waiting: (() => void)[] = [];
  #started = 0;
  #armed = false;

  constructor(perTurn: number) {
    this.#perTurn = perTurn;
  }

  /** undefined: start now. */
  take(): Promise<void> | undefined {
    this.#arm();
    if (this.#started < this.#perTurn && this.#waiting.length === 0) {
      this.#started += 1;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    setImmediate(() => this.#next());
  }

  #next(): void {
    this.#armed = false;
    const released = this.#waiting.splice(0, this.#perTurn);
    this.#started = released.length;
    if (released.length > 0) this.#arm();
    for (const start of released) start();
  }
}
