import { withinBounds, withinPolicies } from './autoscalers.ts';
import { oneJobARun } from './cron-jobs.ts';
import { fewNodesDown, oneOnANode } from './daemon-sets.ts';
import { maxSurge, maxUnavailable, oneTemplateAtATime } from './deployments.ts';
import type { Invariant } from './invariant.ts';
import { completeWhenDone, countedOnce, failedOften, notBeforeItsTime, oneOfEachIndex, replacedWhenEnded } from './jobs.ts';
import { budgetHolds, ownersOutliveNobody, quotaHolds } from './policy.ts';
import { neverTooFew, neverTooMany } from './replica-sets.ts';
import { notWhereForbidden, roomForAll } from './scheduler.ts';
import { inOrder, oneDown } from './stateful-sets.ts';
import { boundForGood, claimsGo, claimsStay } from './volumes.ts';

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
  replacedWhenEnded,
  notBeforeItsTime,
  oneJobARun,
  oneOnANode,
  fewNodesDown,
  quotaHolds,
  budgetHolds,
  ownersOutliveNobody,
  boundForGood,
  claimsStay,
  claimsGo,
  withinBounds,
  withinPolicies,
  roomForAll,
  notWhereForbidden,
];
