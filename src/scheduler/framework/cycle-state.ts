/** A place in the state of a cycle. Made once a plugin, as the module is loaded. */
export interface StateKey<T> {
  readonly index: number;
  readonly of?: T;
}

/** What may be kept there: shared by copies of the state, unless it says how to copy itself. */
export interface Copyable {
  clone(): unknown;
}

let keys = 0;

/** A key for a plugin's own data. Reading by it costs an array access: filters do so for every node. */
export const stateKey = <T>(): StateKey<T> => ({ index: keys++ });

const isCopyable = (value: unknown): value is Copyable => typeof value === 'object' && value !== null && 'clone' in value;

/** Begins to measure a point; the result ends it. */
export type Measure = (point: string) => (status: string) => void;

const success = () => 'Success';

/** What plugins remember of one pod from extension point to extension point: from preFilter on to postBind. */
export class CycleState {
  readonly #values: unknown[] = [];
  /** Told how long the plugins of a point took; absent in most cycles. */
  readonly #measure: Measure | undefined;
  /** Plugins whose preFilter said that they have nothing to filter for this pod. */
  readonly skippedFilters = new Set<string>();

  constructor(measure?: Measure) {
    this.#measure = measure;
  }

  /** Runs the plugins of a point. `statusOf`: how it ended. */
  timed<T>(point: string, run: () => T, statusOf: (result: T) => string = success): T {
    if (!this.#measure) return run();
    const end = this.#measure(point);
    const result = run();
    end(statusOf(result));
    return result;
  }

  read<T>(key: StateKey<T>): T | undefined {
    return this.#values[key.index] as T | undefined;
  }

  write<T>(key: StateKey<T>, value: T): void {
    this.#values[key.index] = value;
  }

  /** For a dry run: what the run changes in it (`addPod`, `removePod`) is not seen here. */
  clone(): CycleState {
    const copy = new CycleState();
    for (const [index, value] of this.#values.entries()) copy.#values[index] = isCopyable(value) ? value.clone() : value;
    for (const name of this.skippedFilters) copy.skippedFilters.add(name);
    return copy;
  }
}
