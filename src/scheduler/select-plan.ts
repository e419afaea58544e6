import type { Candidate, NodeView, Refusal, SchedulerPlugin } from './framework.ts';

export type Selection =
  | { readonly found: true; readonly node: string; readonly feasible: number }
  | { readonly found: false; readonly message: string; readonly refusals: ReadonlyMap<string, Refusal> };

const HIGHEST = 100;

/** Scores of one plugin over all nodes, fitted to 0…100 where the plugin asks for it. */
function scoresOf(plugin: SchedulerPlugin, candidate: Candidate, views: readonly NodeView[]): number[] {
  const raw = views.map((view) => plugin.score?.(candidate, view) ?? 0);
  if (!plugin.normalize) return raw;
  const max = Math.max(...raw, 0);
  if (max === 0) return raw.map(() => (plugin.normalize === 'reverse' ? HIGHEST : 0));
  return raw.map((score) => (plugin.normalize === 'reverse' ? HIGHEST - (score * HIGHEST) / max : (score * HIGHEST) / max));
}

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.`: upstream's FailedScheduling message. */
export function describeRefusals(total: number, refusals: Iterable<Refusal>): string {
  if (total === 0) return 'no nodes available to schedule pods';
  const counts = new Map<string, number>();
  for (const { reason } of refusals) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const parts = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${total} nodes are available: ${parts.join(', ')}.`;
}

/**
 * Picks a node: every filter must agree, then the highest weighted score wins; `pick` (0…1) breaks ties, so that equal nodes share the load.
 * Pure: the caller assumes and binds.
 */
export function selectNode(
  candidate: Candidate,
  views: readonly NodeView[],
  plugins: readonly SchedulerPlugin[],
  pick: () => number,
): Selection {
  const refusals = new Map<string, Refusal>();
  const feasible = views.filter((view) => {
    for (const plugin of plugins) {
      const refusal = plugin.filter?.(candidate, view);
      if (refusal) {
        refusals.set(view.node.metadata?.name ?? '', refusal);
        return false;
      }
    }
    return true;
  });
  if (feasible.length === 0) return { found: false, message: describeRefusals(views.length, refusals.values()), refusals };
  const totals = feasible.map(() => 0);
  if (feasible.length > 1) {
    for (const plugin of plugins) {
      if (!plugin.score) continue;
      scoresOf(plugin, candidate, feasible).forEach((score, i) => {
        totals[i] = (totals[i] ?? 0) + score * (plugin.weight ?? 1);
      });
    }
  }
  const best = Math.max(...totals);
  const winners = feasible.filter((_, i) => best - (totals[i] ?? 0) < 1e-9);
  const winner = winners[Math.floor(pick() * winners.length)] ?? winners[0];
  return { found: true, node: winner?.node.metadata?.name ?? '', feasible: feasible.length };
}
