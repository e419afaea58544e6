/** What a figure must reach (issue tables); it is printed beside the value and never asserted: machines differ. */
export type Must = { readonly atMost: number } | { readonly atLeast: number };

export interface Details {
  readonly must?: Must;
  readonly [detail: string]: unknown;
}

export const round = (value: number): number => (Math.abs(value) < 100 ? Math.round(value * 100) / 100 : Math.round(value));

const isMet = (must: Must, value: number) => ('atMost' in must ? value <= must.atMost : value >= must.atLeast);
const text = (must: Must) => ('atMost' in must ? `<= ${must.atMost}` : `>= ${must.atLeast}`);

/** One JSON line: `{figure, value, unit, must, met, …}`. */
export function say(figure: string, value: number, unit: string, { must, ...details }: Details = {}): void {
  const goal = must && { must: text(must), met: isMet(must, value) };
  process.stdout.write(`${JSON.stringify({ figure, value: round(value), unit, ...goal, ...details })}\n`);
}

/** `fraction` 0.5 is the median. Of nothing: NaN. */
export function percentile(values: ArrayLike<number>, fraction: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
}

export const median = (values: ArrayLike<number>): number => percentile(values, 0.5);

/** Milliseconds of the machine's monotonic clock: comparable between processes. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;
