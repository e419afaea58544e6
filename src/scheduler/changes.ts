import type { Node, Pod } from '../api/schema/generated/types.ts';
import { Action } from './framework/cluster-event.ts';

const isSame = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

const conditionsOf = (node: Node) => node.status?.conditions?.map(({ type, status }) => [type, status]);

/** What changed of a node that plugins look at; 0 for a heartbeat. */
export function nodeActions(before: Node, after: Node): number {
  let actions = 0;
  const note = (action: number, a: unknown, b: unknown) => {
    if (!isSame(a, b)) actions |= action;
  };
  note(Action.nodeAllocatable, before.status?.allocatable, after.status?.allocatable);
  note(Action.nodeLabels, before.metadata?.labels, after.metadata?.labels);
  note(Action.nodeTaints, before.spec?.taints, after.spec?.taints);
  note(Action.nodeTaints, before.spec?.unschedulable ?? false, after.spec?.unschedulable ?? false);
  note(Action.nodeConditions, conditionsOf(before), conditionsOf(after));
  note(Action.nodeAnnotations, before.metadata?.annotations, after.metadata?.annotations);
  note(Action.nodeDeclaredFeatures, before.status?.declaredFeatures, after.status?.declaredFeatures);
  return actions;
}

const requestsOf = ({ spec }: Pod) =>
  [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map(({ resources }) => resources?.requests);

/** What changed of a pod that plugins look at. `isSmaller` compares what the two ask for. */
export function podActions(before: Pod, after: Pod, isSmaller: (after: Pod, before: Pod) => boolean): number {
  let actions = 0;
  if (!isSame(before.metadata?.labels, after.metadata?.labels)) actions |= Action.podLabels;
  if (!isSame(before.spec?.tolerations, after.spec?.tolerations)) actions |= Action.podTolerations;
  if (before.spec?.schedulingGates?.length && !after.spec?.schedulingGates?.length) actions |= Action.podGatesGone;
  if (!isSame(before.status?.resourceClaimStatuses, after.status?.resourceClaimStatuses)) actions |= Action.podResourceClaims;
  const isResized = !isSame(requestsOf(before), requestsOf(after));
  if (isResized && isSmaller(after, before)) actions |= Action.podScaleDown;
  return actions;
}
