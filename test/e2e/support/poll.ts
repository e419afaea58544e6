const POLL_MS = 100;

/**
 * Looks again until `probe` gives something other than undefined and false; then gives that. What it last threw or gave is in the error.
 */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 40_000,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  let last: unknown;
  do {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    await sleep(POLL_MS);
  } while (performance.now() < end);
  throw new Error(`${what}: not within ${timeoutMs} ms; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`);
}

/** As `eventually`, for probes that cost little and whose failure is final. */
export async function pollSync(what: string, probe: () => boolean, timeoutMs: number, details?: () => string): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!probe()) {
    if (performance.now() > end) throw new Error(`${what}: not within ${timeoutMs} ms\n${details?.() ?? ''}`);
    await sleep(20);
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
