import type { History } from '../history.ts';
import type { Truth, Write } from '../truth.ts';

export interface Scene {
  readonly truth: Truth;
  readonly history: History;
  /** By the wall clock. */
  readonly nowMs: number;
}

/** Looks at every write, in the moment in which it is committed; says what it broke. */
export interface Invariant {
  readonly name: string;
  check(write: Write, scene: Scene): string | undefined;
}
