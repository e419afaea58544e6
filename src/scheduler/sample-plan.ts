/** Fewer are always looked at to the last. */
const MIN_NODES = 100;
const MIN_PERCENTAGE = 5;
const NODES_PER_PERCENT = 125;
const BASE_PERCENTAGE = 50;

/**
 * How many nodes that pass the filters are enough to choose from (Kubernetes: "Scheduler Performance Tuning"). Without a percentage (or with 0), 50 % less
 * one for every 125 nodes, and no less than 5 %.
 */
export function nodesToFind(nodeCount: number, percentage: number | undefined): number {
  if (nodeCount < MIN_NODES) return nodeCount;
  const share = percentage || Math.max(BASE_PERCENTAGE - Math.floor(nodeCount / NODES_PER_PERCENT), MIN_PERCENTAGE);
  if (share >= 100) return nodeCount;
  return Math.max(Math.floor((nodeCount * share) / 100), MIN_NODES);
}
