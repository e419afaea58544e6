import { withinBounds } from './autoscalers.ts';
import { oneJobARun } from './cron-jobs.ts';
import { oneOnANode } from './daemon-sets.ts';
import { maxSurge, maxUnavailable, oneTemplateAtATime } from './deployments.ts';
import type { Invariant } from './invariant.ts';
import { completeWhenDone, countedOnce, failedOften, oneOfEachIndex } from './jobs.ts';
import { budgetHolds, ownersOutliveNobody, quotaHolds } from './policy.ts';
import { neverTooFew, neverTooMany } from './replica-sets.ts';
import { inOrder, oneDown } from './stateful-sets.ts';
import { boundForGood, claimsStay } from './volumes.ts';

/** All that has to hold at every write, whatever goes wrong. */
export const invariants: readonly Invariant[] = [
  maxSurge,
  maxUnavailable,
  oneTemplateAtATime,
  neverTooMany,
  neverTooFew,
  inOrder,
  oneDown,
  countedOnce,
  completeWhenDone,
  oneOfEachIndex,
  failedOften,
  oneJobARun,
  oneOnANode,
  quotaHolds,
  budgetHolds,
  ownersOutliveNobody,
  boundForGood,
  claimsStay,
  withinBounds,
];
