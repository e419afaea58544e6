import { deadline } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { SharedCalls } from '../../base/shared-calls.ts';
import { readScrape, type Scrape } from './scrape-plan.ts';
import type { Scrapes } from './usage-plan.ts';

/** The text of a node's /metrics/resource. Rejects with ApiError. */
export type ReadNode = (nodeName: string, options: { signal: AbortSignal }) => Promise<string>;

export interface Sampler {
  /**
   * Two scrapes of each node, the later one at most MIN_AGE_MS old. Nodes that cannot be reached are left out. Takes FIRST_WINDOW_MS for nodes that nobody has
   * asked about for LONGEST_WINDOW_MS.
   */
  sample(nodeNames: readonly string[], options: { signal: AbortSignal }): Promise<ReadonlyMap<string, Scrapes>>;
}

/** While scrapes are no older, they are answered again: whoever asks every 15 s, as the autoscaler does, gets windows of 15 s. */
const MIN_AGE_MS = 10_000;
/** Rates over a longer time are none of the moment. */
const LONGEST_WINDOW_MS = 60_000;
/** Of two scrapes when there is none to start from. */
const FIRST_WINDOW_MS = 2_000;
/** metrics-server's --kubelet-request-timeout. */
const TIMEOUT_MS = 10_000;
const AT_A_TIME = 32;

interface Known {
  readonly previous: Scrape | undefined;
  readonly latest: Scrape;
  readonly atMs: number;
}

/** Scrapes kubelets when somebody asks, and only then: an idle cluster costs nothing. */
export function createSampler({ read, clock, log }: { read: ReadNode; clock: Clock; log: Logger }): Sampler {
  const known = new Map<string, Known>();
  const calls = new SharedCalls<void>();
  const age = (nodeName: string): number => clock.monotonic() - (known.get(nodeName)?.atMs ?? Number.NEGATIVE_INFINITY);
  const isFresh = (nodeName: string) => known.get(nodeName)?.previous !== undefined && age(nodeName) < MIN_AGE_MS;

  async function scrape(nodeName: string, signal: AbortSignal): Promise<void> {
    using limit = deadline(signal, clock, TIMEOUT_MS);
    const text = await read(nodeName, { signal: limit.signal });
    const latest = readScrape(text, clock.now());
    const before = age(nodeName) <= LONGEST_WINDOW_MS ? known.get(nodeName)?.latest : undefined;
    known.set(nodeName, { previous: before, latest, atMs: clock.monotonic() });
  }

  /** A node that does not answer is told about once, and left out. */
  const settle = (nodeName: string, signal: AbortSignal): Promise<void> =>
    calls
      .run(nodeName, { signal }, ({ signal: shared }) => scrape(nodeName, shared))
      .catch((error: unknown) => {
        signal.throwIfAborted();
        known.delete(nodeName);
        log.debug({ node: nodeName, error: error instanceof Error ? error.message : String(error) }, 'the usage of a node cannot be read');
      });

  async function scrapeAll(nodeNames: readonly string[], signal: AbortSignal): Promise<void> {
    const left = [...nodeNames];
    const worker = async () => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) await settle(next, signal);
    };
    await Promise.all(Array.from({ length: Math.min(AT_A_TIME, left.length) }, worker));
  }

  return {
    async sample(nodeNames, { signal }) {
      for (const nodeName of known.keys()) if (age(nodeName) > LONGEST_WINDOW_MS) known.delete(nodeName);
      const due = nodeNames.filter((nodeName) => !isFresh(nodeName));
      await scrapeAll(
        due.filter((nodeName) => !known.has(nodeName)),
        signal,
      );
      const reached = due.filter((nodeName) => known.has(nodeName));
      const youngest = Math.min(...reached.map(age));
      if (youngest < FIRST_WINDOW_MS) await clock.sleep(FIRST_WINDOW_MS - youngest, { signal });
      await scrapeAll(
        reached.filter((nodeName) => !isFresh(nodeName)),
        signal,
      );
      return new Map(
        nodeNames.flatMap((nodeName) => {
          const { previous, latest } = known.get(nodeName) ?? {};
          return previous && latest ? [[nodeName, { previous, latest }] as const] : [];
        }),
      );
    },
  };
}
