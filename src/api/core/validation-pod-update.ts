import { difference } from '../meta/difference.ts';
import { type FieldError, forbidden, invalid, required } from '../meta/field-error.ts';
import { checkRange, same } from '../meta/validation.ts';
import type { Affinity, Container, NodeSelectorTerm, Pod, PodSpec, Toleration } from '../schema/generated/types.ts';
import { checkImagePadding } from './validation-container.ts';
import { checkPodAnnotationsUpdate, MIRROR } from './validation-pod-annotations.ts';
import { checkResize } from './validation-pod-resize.ts';
import { checkTolerations } from './validation-scheduling.ts';

const UPDATABLE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';
const MAX_INT32 = 2_147_483_647;

/** undefined: the lists differ so much that nothing further can be compared. */
function checkImages(path: string, now: readonly Container[] = [], then: readonly Container[] = []): FieldError[] | undefined {
  if (now.length !== then.length) return undefined;
  return now.flatMap(({ image }, i) => [
    ...(image ? [] : [required(`${path}[${i}].image`)]),
    ...checkImagePadding(`${path}[${i}].image`, image),
  ]);
}

/** The deadline may be set once and come closer; then it stays. */
function checkDeadline(value: number | undefined, old: number | undefined): FieldError[] {
  const path = 'spec.activeDeadlineSeconds';
  if (value === undefined) {
    return old === undefined ? [] : [invalid(path, undefined, 'must not update from a positive integer to nil value')];
  }
  const range = checkRange(path, value, 0, MAX_INT32);
  if (range.length > 0 || old === undefined || value <= old) return range;
  return [invalid(path, value, 'must be less than or equal to previous value')];
}

/** Tolerations may be added; those that are there stay, but for how long they tolerate. */
function checkTolerationsGrow(value: readonly Toleration[] = [], old: readonly Toleration[] = []): FieldError[] {
  const timeless = ({ tolerationSeconds: _, ...rest }: Toleration) => rest;
  const kept = old.every((toleration) => value.some((v) => same(timeless(v), timeless(toleration))));
  if (!kept) return [forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')];
  return checkTolerations('spec.tolerations', value);
}

function checkGatesShrink(value: PodSpec, old: PodSpec): FieldError[] {
  const before = new Set((old.schedulingGates ?? []).map((g) => g.name));
  return (value.schedulingGates ?? []).flatMap(({ name = '' }, i) =>
    before.has(name)
      ? []
      : [forbidden(`spec.schedulingGates[${i}].name`, `only deletion is allowed, but found new scheduling gate '${name}'`)],
  );
}

const hasAll = <T>(now: readonly T[] = [], then: readonly T[] = []) => then.every((item, i) => same(now[i], item));
/** An empty term matches nothing: a requirement in it would widen, not narrow. */
const onlyAdds = (now: NodeSelectorTerm, then: NodeSelectorTerm) =>
  (then.matchExpressions?.length || then.matchFields?.length || same(now, then)) &&
  hasAll(now.matchExpressions, then.matchExpressions) &&
  hasAll(now.matchFields, then.matchFields);

function checkAffinityNarrows(now: Affinity['nodeAffinity'], then: Affinity['nodeAffinity']): FieldError[] {
  const path = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';
  const before = then?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const after = now?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  if (before.length === 0) return [];
  if (before.length !== after.length) {
    return [invalid(path, after, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed')];
  }
  return before.flatMap((term, i) =>
    onlyAdds(after[i] ?? {}, term) ? [] : [invalid(`${path}[${i}]`, after[i], 'only additions are allowed (no mutations or deletions)')],
  );
}

/** Before the scheduler has seen it, a pod's demands on its node may still narrow (KEP-3838). */
function checkGated(value: PodSpec, old: PodSpec): FieldError[] {
  if (!old.schedulingGates?.length) return [];
  const kept = Object.entries(old.nodeSelector ?? {}).every(([key, text]) => value.nodeSelector?.[key] === text);
  const detail = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)';
  return [
    ...(kept ? [] : [invalid('spec.nodeSelector', value.nodeSelector ?? null, detail)]),
    ...checkAffinityNarrows(value.affinity?.nodeAffinity, old.affinity?.nodeAffinity),
  ];
}

function withNodeAffinityOf(old: Affinity | undefined, value: Affinity | undefined): Affinity | undefined {
  const { nodeAffinity: _, ...others } = value ?? {};
  const affinity = { ...others, ...(old?.nodeAffinity && { nodeAffinity: old.nodeAffinity }) };
  return old || Object.keys(affinity).length > 0 ? affinity : undefined;
}

/** The new spec with everything that may change put back to what it was: what differs still was not allowed to. */
function restored(value: PodSpec, old: PodSpec): PodSpec {
  const image = (now: Container[] | undefined, then: Container[] | undefined) =>
    now?.map((container, index) => ({ ...container, image: then?.[index]?.image }));
  const gated = (old.schedulingGates?.length ?? 0) > 0;
  const grace = (old.terminationGracePeriodSeconds ?? 0) < 0 && value.terminationGracePeriodSeconds === 1;
  return {
    ...value,
    ...(gated && {
      nodeSelector: old.nodeSelector,
      affinity: withNodeAffinityOf(old.affinity, value.affinity),
    }),
    ...(value.initContainers && { initContainers: image(value.initContainers, old.initContainers) }),
    containers: image(value.containers, old.containers) ?? [],
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    tolerations: old.tolerations,
    schedulingGates: old.schedulingGates,
    ...(grace && { terminationGracePeriodSeconds: old.terminationGracePeriodSeconds }),
  };
}

function checkMainUpdate(value: PodSpec, old: PodSpec): FieldError[] {
  const errors: FieldError[] = [];
  for (const list of ['containers', 'initContainers'] as const) {
    const images = checkImages(`spec.${list}`, value[list], old[list]);
    if (!images) return [...errors, forbidden(`spec.${list}`, 'pod updates may not add or remove containers')];
    errors.push(...images);
  }
  const deadline = checkDeadline(value.activeDeadlineSeconds, old.activeDeadlineSeconds);
  errors.push(...deadline);
  if (deadline.length > 0 && value.activeDeadlineSeconds !== undefined) return errors;
  errors.push(...checkTolerationsGrow(value.tolerations, old.tolerations), ...checkGatesShrink(value, old));
  if (same(value, old)) return errors;
  errors.push(...checkGated(value, old));
  const rest = restored(value, old);
  return same(rest, old) ? errors : [...errors, forbidden('spec', `${UPDATABLE}\n${difference(old, rest)}`)];
}

/** Debugging containers come, and stay as they came. */
function checkEphemeralUpdate(value: PodSpec, old: PodSpec): FieldError[] {
  const path = 'spec.ephemeralContainers';
  return (old.ephemeralContainers ?? []).flatMap((container) => {
    const now = value.ephemeralContainers?.find((c) => c.name === container.name);
    const spoken = `existing ephemeral containers ${JSON.stringify(container.name)}`;
    if (!now) return [forbidden(path, `${spoken} may not be removed\n`)];
    return same(now, container) ? [] : [forbidden(path, `${spoken} may not be changed\n${difference(container, now)}`)];
  });
}

/** Kubernetes, "Pod update and replacement". `subresource` says through which door the update came. */
export function checkPodUpdate(pod: Pod, old: Pod, subresource: string): FieldError[] {
  if (!pod.spec || !old.spec) return [];
  const isMirror = old.metadata?.annotations?.[MIRROR] !== undefined;
  switch (subresource) {
    case '':
      return [...checkPodAnnotationsUpdate(pod, old), ...checkMainUpdate(pod.spec, old.spec)];
    case 'ephemeralcontainers':
      if (isMirror) return [forbidden('[]', 'static pods do not support ephemeral containers')];
      return [...checkPodAnnotationsUpdate(pod, old), ...checkEphemeralUpdate(pod.spec, old.spec)];
    case 'resize':
      return checkResize(pod, old);
    default:
      return [];
  }
}
