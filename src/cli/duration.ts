import { goDurationMs } from '../base/go-duration.ts';

/** Milliseconds of a Go duration in hours, minutes, seconds and milliseconds (`24h`, `1h30m`, `500ms`, `0`); undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  return /^(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$|^0$/.test(text) ? goDurationMs(text) : undefined;
}

/** The two largest units, rounded down: `23h59m`, `5m0s`, `2d3h`. */
export function formatDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  return (first < 0 ? parts.slice(-1) : parts.slice(first, first + 2)).map(([amount, unit]) => `${amount}${unit}`).join('');
}
