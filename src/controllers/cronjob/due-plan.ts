/** The runs of a schedule; milliseconds since the epoch. */
export interface Schedule {
  /** The first run after that time; undefined when there is none. */
  next(afterMs: number): number | undefined;
}

/** More than that many missed runs are worth a warning. */
const MANY = 100;

export interface Missed {
  readonly runMs: number;
  readonly many: boolean;
}

/** The last run that was due after `fromMs`, up to now. Looks back from now in growing steps, so that years of missed minutes cost nothing. */
export function lastDue(schedule: Schedule, fromMs: number, nowMs: number): Missed | undefined {
  const first = schedule.next(fromMs);
  if (first === undefined || first > nowMs) return undefined;
  const second = schedule.next(first);
  if (second === undefined || second > nowMs) return { runMs: first, many: false };
  const gapMs = Math.max(second - first, 1000);
  const many = Math.floor((nowMs - first) / gapMs) + 1 > MANY;
  for (let backMs = 2 * gapMs; ; backMs *= 2) {
    const start = Math.max(first, nowMs - backMs);
    let runMs = start === first ? first : undefined;
    for (let at = schedule.next(start); at !== undefined && at <= nowMs; at = schedule.next(at)) runMs = at;
    if (runMs !== undefined) return { runMs, many };
  }
}
