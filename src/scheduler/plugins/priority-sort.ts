import type { SchedulerPlugin } from '../framework/plugin.ts';

/** The more important pod is first, then the one that waits for longer. */
export const prioritySort: SchedulerPlugin = {
  name: 'PrioritySort',
  queueSort: (a, b) => b.info.priority - a.info.priority || a.sinceMs - b.sinceMs || a.serial - b.serial,
};
