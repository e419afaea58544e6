/** Upstream's limits (pkg/controller/daemon): the first failed pod goes at once, the next after 1 s, doubling up to 15 minutes. */
const FIRST_MS = 1000;
const LONGEST_MS = 15 * 60 * 1000;

interface Entry {
  readonly delayMs: number;
  readonly sinceMs: number;
}

/** How long failed pods of a DaemonSet stay on each node. Starts anew with each generation of the DaemonSet, and after a long quiet time. */
export class FailedPodBackoff {
  readonly #sets = new Map<string, { readonly generation: number; readonly nodes: Map<string, Entry> }>();

  /** Milliseconds until the node's next failed pod may go; 0: now. */
  waitMs(set: string, generation: number, nodeName: string, nowMs: number): number {
    const entry = this.#nodes(set, generation).get(nodeName);
    return entry ? Math.max(entry.sinceMs + entry.delayMs - nowMs, 0) : 0;
  }

  /** A failed pod of the node goes now. */
  failed(set: string, generation: number, nodeName: string, nowMs: number): void {
    const nodes = this.#nodes(set, generation);
    const entry = nodes.get(nodeName);
    const isQuiet = !entry || nowMs - entry.sinceMs > 2 * LONGEST_MS;
    nodes.set(nodeName, { delayMs: isQuiet ? FIRST_MS : Math.min(entry.delayMs * 2, LONGEST_MS), sinceMs: nowMs });
  }

  /** The DaemonSet is gone. */
  forget(set: string): void {
    this.#sets.delete(set);
  }

  #nodes(set: string, generation: number): Map<string, Entry> {
    const known = this.#sets.get(set);
    if (known?.generation === generation) return known.nodes;
    const nodes = new Map<string, Entry>();
    this.#sets.set(set, { generation, nodes });
    return nodes;
  }
}
