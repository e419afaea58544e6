import { MAX_SCORE, refuse, type SchedulerPlugin } from '../framework.ts';
import { nonZeroRequests } from '../resources.ts';

/** Share of a resource that would be left, 0 to 100. */
const free = (capacity: number, used: number) => (capacity <= 0 || used > capacity ? 0 : ((capacity - used) * MAX_SCORE) / capacity);

/** Requests must fit into what the node can allocate; of the nodes that fit, the least allocated is best (strategy LeastAllocated). */
export const nodeResourcesFit: SchedulerPlugin = {
  name: 'NodeResourcesFit',
  filter({ requests }, { state }) {
    const { allocatable, requested } = state;
    if (state.podCount + 1 > (allocatable.pods ?? 0)) return refuse('Too many pods');
    for (const name in requests) {
      const wanted = requests[name] ?? 0;
      if (wanted > 0 && wanted + (requested[name] ?? 0) > (allocatable[name] ?? 0)) {
        return refuse(`Insufficient ${name}`, { permanent: wanted > (allocatable[name] ?? 0) });
      }
    }
    return undefined;
  },
  score({ requests }, { state }) {
    const mine = nonZeroRequests(requests);
    const cpu = free(state.allocatable.cpu ?? 0, state.scored.cpu + mine.cpu);
    const memory = free(state.allocatable.memory ?? 0, state.scored.memory + mine.memory);
    return (cpu + memory) / 2;
  },
};
