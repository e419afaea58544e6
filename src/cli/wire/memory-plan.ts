/** One look at the process. */
export interface MemoryLook {
  /** Resident memory, bytes. */
  readonly residentBytes: number;
  /** CPU time that all threads have used so far, microseconds. */
  readonly cpuMicros: number;
  /** On a clock that never runs backwards. */
  readonly atMs: number;
}

/** Below this part of one core nobody waits for anything: a pause of some tenths of a second is not noticed. */
const QUIET_CORES = 0.25;
/** A collection of everything costs CPU and a pause, both the more the more there is: not for less than this, nor than this part of what stays. */
const WORTH_BYTES = 32 * 1024 * 1024;
const WORTH_PART = 1 / 8;

/**
 * Is it time to give memory back to the system? V8 keeps the pages that a burst of work needed until a collection that is told to reduce memory. `settledBytes` is what was
 * resident after the last one (0 before the first: starting leaves much behind).
 */
export function isWorthReleasing(before: MemoryLook, now: MemoryLook, settledBytes: number): boolean {
  const cores = (now.cpuMicros - before.cpuMicros) / 1000 / (now.atMs - before.atMs);
  return cores < QUIET_CORES && now.residentBytes - settledBytes >= Math.max(WORTH_BYTES, settledBytes * WORTH_PART);
}
