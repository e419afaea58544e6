import type { ImageSpread } from './image-spread.ts';
import type { NodeInfo } from './node-info.ts';
import type { Placements } from './placements.ts';

/**
 * What plugins see of the cluster. It is the cache itself: a cycle does not await, so nothing changes while it looks, and nothing has to be copied. Only
 * extension points that run beside the cycles (`preBind`, `bind`) must not count on what they saw before.
 */
export interface Snapshot {
  /** All nodes, the zones taking turns. */
  nodes(): readonly NodeInfo[];
  node(name: string): NodeInfo | undefined;
  readonly nodeCount: number;
  readonly images: ImageSpread;
  /** Who matches which selector, and whose affinity means whom, by topology: kept up as pods come and go. */
  readonly placements: Placements;
  /** Do placed pods use this claim (`namespace/name`)? */
  isClaimUsed(claim: string): boolean;
}
