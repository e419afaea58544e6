/** What a decision looks at does not change while it is taken: changes that come meanwhile wait. */
export class SteadyView {
  #waiting: (() => void)[] | undefined;

  /** Makes a change, now or when the decision has been taken. */
  change(make: () => void): void {
    if (this.#waiting) this.#waiting.push(make);
    else make();
  }

  /** Resolves when the decision has been taken and what changed meanwhile is seen. `decision` never rejects. */
  async keepFor(decision: Promise<unknown>): Promise<void> {
    const waiting: (() => void)[] = [];
    this.#waiting = waiting;
    await decision;
    this.#waiting = undefined;
    for (const make of waiting) make();
  }
}
