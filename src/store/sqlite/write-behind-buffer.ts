import type { Operation } from './protocol.ts';

/** Write-behind writes that readers see and the file does not have yet: the newest one of each key. */
export class WriteBehindBuffer {
  readonly #operations = new Map<string, Operation>();

  get size(): number {
    return this.#operations.size;
  }

  set(operation: Operation): void {
    this.#operations.set(operation.key, operation);
  }

  get(key: string): Operation | undefined {
    return this.#operations.get(key);
  }

  /** The key's newest state is in the file. */
  drop(key: string): void {
    this.#operations.delete(key);
  }

  all(): Operation[] {
    return [...this.#operations.values()];
  }

  /** These are in the file; newer states of their keys stay. */
  flushed(operations: readonly Operation[]): void {
    for (const operation of operations) if (this.#operations.get(operation.key) === operation) this.#operations.delete(operation.key);
  }
}
