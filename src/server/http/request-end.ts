/** One reason for all: abort() without one takes a stack trace each time. */
const OVER = new DOMException('the request is over', 'AbortError');

/** The end of a request, and the signal of it. Most requests are over before anybody asks for the signal: it is made when somebody does. */
export class RequestEnd {
  #controller: AbortController | undefined;
  #isOver = false;

  get isOver(): boolean {
    return this.#isOver;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isOver) this.#controller.abort(OVER);
    return this.#controller.signal;
  }

  /** The client is gone or answered, or its time is up. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller?.abort(OVER);
  }
}
