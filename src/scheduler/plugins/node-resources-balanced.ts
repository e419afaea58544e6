import { MAX_SCORE, type SchedulerPlugin } from '../framework.ts';

/** Prefers nodes whose cpu and memory would be used alike, so that neither is stranded (NodeResourcesBalancedAllocation). */
export const nodeResourcesBalanced: SchedulerPlugin = {
  name: 'NodeResourcesBalancedAllocation',
  score({ requests }, { state }) {
    const { allocatable, requested } = state;
    const share = (name: 'cpu' | 'memory') =>
      allocatable[name] ? Math.min(((requested[name] ?? 0) + (requests[name] ?? 0)) / allocatable[name], 1) : 0;
    return (1 - Math.abs(share('cpu') - share('memory')) / 2) * MAX_SCORE;
  },
};
