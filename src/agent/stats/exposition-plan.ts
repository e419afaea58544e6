/** One sample of a series: its labels, its value, and when it was measured (milliseconds since the epoch) where that matters. */
export interface Point {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly atMs?: number;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly points: readonly Point[];
}

const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

function line(name: string, { labels, value, atMs }: Point): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}${atMs === undefined ? '' : ` ${Math.round(atMs)}`}`;
}

/**
 * Prometheus' text format, with the times of measurement, which readers compute rates by and prom-client cannot write. Families without points are left out.
 * Source: Prometheus, "Exposition formats".
 */
export const exposition = (families: readonly Family[]): string =>
  families
    .filter(({ points }) => points.length > 0)
    .map(({ name, help, type, points }) =>
      [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...points.map((point) => line(name, point)), ''].join('\n'),
    )
    .join('');
