import { type NodeInfo, Row } from '../cache/node-info.ts';
import type { PodInfo } from '../cache/pod-info.ts';
import type { Amounts } from '../cache/resources.ts';
import { amountsOf, CPU_AND_MEMORY, isScalar, readResources } from '../config/resource-weights.ts';
import { type DeviceTotals, followDeviceTotals } from '../devices/device-totals.ts';
import type { PluginDefinition } from '../framework/definition.ts';
import { MAX_SCORE, type SchedulerPlugin, SKIP } from '../framework/plugin.ts';

const NAME = 'NodeResourcesBalancedAllocation';

function deviation(shares: readonly number[]): number {
  const [first = 0, second = 0] = shares;
  if (shares.length < 2) return 0;
  if (shares.length === 2) return Math.abs(first - second) / 2;
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return Math.sqrt(shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length);
}

const isAsked = (requests: Amounts, name: string) => requests.get(name) > 0;

function balance(names: readonly string[], { requests }: PodInfo, info: NodeInfo, totals: DeviceTotals): number {
  const shares: number[] = [];
  for (const name of names) {
    if (isScalar(name) && !isAsked(requests, name)) continue;
    const { capacity, used } = amountsOf(name, info, 'requested', totals);
    if (capacity > 0) shares.push(Math.min((used + requests.get(name)) / capacity, 1));
  }
  return Math.trunc((1 - deviation(shares)) * MAX_SCORE);
}

/** As `balance` for cpu and memory, which is nearly always what is asked for. */
function balanceOfBoth({ requests: { milliCpu, memory } }: PodInfo, { numbers, at }: NodeInfo): number {
  const [cpus, bytes] = [numbers[at + Row.cpu] as number, numbers[at + Row.memory] as number];
  if (cpus === 0 || bytes === 0) return MAX_SCORE;
  const cpu = Math.min(((numbers[at + Row.usedCpu] as number) + milliCpu) / cpus, 1);
  const ram = Math.min(((numbers[at + Row.usedMemory] as number) + memory) / bytes, 1);
  return Math.trunc((1 - Math.abs(cpu - ram) / 2) * MAX_SCORE);
}

/** Prefers nodes whose resources would be used alike, so that none is stranded. Pods that ask for nothing have no part in it. */
export const nodeResourcesBalancedAllocation: PluginDefinition = {
  name: NAME,
  weight: 1,
  configure(args) {
    args.known(['resources']);
    const resources = readResources(args);
    const names = resources.map(({ name }) => name);
    const preScore: SchedulerPlugin['preScore'] = (_state, { requests }) =>
      names.some((name) => isAsked(requests, name)) ? undefined : SKIP;
    if (resources === CPU_AND_MEMORY) return () => ({ name: NAME, preScore, score: (_state, pod, node) => balanceOfBoth(pod, node) });
    return (handle) => {
      const totals = followDeviceTotals(handle);
      return { name: NAME, preScore, score: (_state, pod, node) => balance(names, pod, node, totals) };
    };
  },
};
