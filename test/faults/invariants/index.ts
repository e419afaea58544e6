import { oneOnANode } from './daemon-sets.ts';
import { maxSurge, maxUnavailable } from './deployments.ts';
import type { Invariant } from './invariant.ts';
import { completeWhenDone, countedOnce, oneOfEachIndex } from './jobs.ts';
import { budgetHolds, ownersOutliveNobody, quotaHolds } from './policy.ts';
import { neverTooFew, neverTooMany } from './replica-sets.ts';
import { inOrder, oneDown } from './stateful-sets.ts';

/** All that has to hold at every write, whatever goes wrong. */
export const invariants: readonly Invariant[] = [
  maxSurge,
  maxUnavailable,
  neverTooMany,
  neverTooFew,
  inOrder,
  oneDown,
  countedOnce,
  completeWhenDone,
  oneOfEachIndex,
  oneOnANode,
  quotaHolds,
  budgetHolds,
  ownersOutliveNobody,
];
