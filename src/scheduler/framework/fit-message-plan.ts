import type { Refusal } from './refusal.ts';

export const NO_NODES = 'no nodes available to schedule pods';

export interface FitFailure {
  readonly nodeCount: number;
  /** Of the nodes that were looked at. */
  readonly refusals: readonly Refusal[];
  /** Of all others. */
  readonly rest: Refusal | undefined;
  readonly preFilterMessage: string;
  readonly postFilterMessage: string;
}

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Upstream's message of FailedScheduling: `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable. no new claims to deallocate, preemption: 0/3 nodes …`.
 */
export function fitMessage({ nodeCount, refusals, rest, preFilterMessage, postFilterMessage }: FitFailure): string {
  let text = `0/${nodeCount} nodes are available:`;
  if (preFilterMessage) text += ` ${preFilterMessage}.`;
  else {
    const counts = new Map<string, number>();
    const count = (refusal: Refusal, times: number) => {
      for (const reason of refusal.reasons) counts.set(reason, (counts.get(reason) ?? 0) + times);
    };
    for (const refusal of refusals) count(refusal, 1);
    if (rest && nodeCount > refusals.length) count(rest, nodeCount - refusals.length);
    const parts = [...counts].map(([reason, times]) => `${times} ${reason}`).sort(byText);
    if (parts.length > 0) text += ` ${parts.join(', ')}.`;
  }
  return postFilterMessage ? `${text} ${postFilterMessage}` : text;
}
