import type { Amounts } from '../cache/resources.ts';
import { readResources } from '../config/resource-weights.ts';
import type { PluginDefinition } from '../framework/definition.ts';
import { MAX_SCORE, SKIP } from '../framework/plugin.ts';

const NAME = 'NodeResourcesBalancedAllocation';

function deviation(shares: readonly number[]): number {
  const [first = 0, second = 0] = shares;
  if (shares.length < 2) return 0;
  if (shares.length === 2) return Math.abs(first - second) / 2;
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return Math.sqrt(shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length);
}

const isAsked = (requests: Amounts, name: string) => requests.get(name) > 0;
const isScalar = (name: string) => name !== 'cpu' && name !== 'memory' && name !== 'ephemeral-storage';

/** Prefers nodes whose resources would be used alike, so that none is stranded. Pods that ask for nothing have no part in it. */
export const nodeResourcesBalancedAllocation: PluginDefinition = {
  name: NAME,
  weight: 1,
  configure(args) {
    args.known(['resources']);
    const names = readResources(args).map(({ name }) => name);
    const plugin = {
      name: NAME,
      preScore: (_state: unknown, { requests }: { requests: Amounts }) =>
        names.some((name) => isAsked(requests, name)) ? undefined : SKIP,
      score(
        _state: unknown,
        { requests }: { requests: Amounts },
        { allocatable, requested }: { allocatable: Amounts; requested: Amounts },
      ) {
        const shares: number[] = [];
        for (const name of names) {
          const capacity = allocatable.get(name);
          if (capacity === 0 || (isScalar(name) && !isAsked(requests, name))) continue;
          shares.push(Math.min((requested.get(name) + requests.get(name)) / capacity, 1));
        }
        return Math.trunc((1 - deviation(shares)) * MAX_SCORE);
      },
    } as const;
    return () => plugin;
  },
};
