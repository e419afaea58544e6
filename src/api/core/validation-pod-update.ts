import { type FieldError, forbidden, invalid } from '../meta/field-error.ts';
import { same } from '../meta/validation.ts';
import type { Container, Pod, PodSpec, Toleration } from '../schema/generated/types.ts';
import { checkImage } from './validation-container.ts';

const UPDATABLE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';
const EPHEMERAL_ONLY = 'pod updates through this subresource may not change fields other than `spec.ephemeralContainers`';
const RESIZE_ONLY = 'only cpu and memory resources are mutable';

const names = (containers: readonly Container[] | undefined) => (containers ?? []).map((c) => c.name);

function checkDeadline(value: number | undefined, old: number | undefined): FieldError[] {
  const path = 'spec.activeDeadlineSeconds';
  if (old === undefined) return [];
  if (value === undefined) return [invalid(path, value, 'must not update from a positive integer to nil value')];
  return value > old ? [invalid(path, value, 'must be less than or equal to previous value')] : [];
}

/** Tolerations may be added; those that are there stay, but for how long they tolerate. */
function checkTolerationsGrow(value: readonly Toleration[] = [], old: readonly Toleration[] = []): FieldError[] {
  const timeless = ({ tolerationSeconds: _, ...rest }: Toleration) => rest;
  const kept = old.every((toleration) => value.some((v) => same(timeless(v), timeless(toleration))));
  return kept ? [] : [forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')];
}

function checkGatesShrink(value: PodSpec, old: PodSpec): FieldError[] {
  const before = new Set((old.schedulingGates ?? []).map((g) => g.name));
  return (value.schedulingGates ?? [])
    .filter((g) => !before.has(g.name))
    .map((g) => forbidden('spec.schedulingGates', `only deletion is allowed, but found new scheduling gate '${g.name}'`));
}

/** The new spec with everything that may change put back to what it was: what differs still was not allowed to. */
function restored(value: PodSpec, old: PodSpec): PodSpec {
  const image = (now: Container[] | undefined, then: Container[] | undefined) =>
    now?.map((container, index) => ({ ...container, image: then?.[index]?.image }));
  const wasGated = (old.schedulingGates?.length ?? 0) > 0;
  const gated = wasGated && grows(value.nodeSelector, old.nodeSelector) ? { nodeSelector: old.nodeSelector } : {};
  const grace = (old.terminationGracePeriodSeconds ?? 0) < 0 && value.terminationGracePeriodSeconds === 1;
  return {
    ...value,
    ...gated,
    ...(value.initContainers && { initContainers: image(value.initContainers, old.initContainers) }),
    containers: image(value.containers, old.containers) ?? [],
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    tolerations: old.tolerations,
    schedulingGates: old.schedulingGates,
    ...(grace && { terminationGracePeriodSeconds: old.terminationGracePeriodSeconds }),
  };
}

const grows = (value: Readonly<Record<string, string>> = {}, old: Readonly<Record<string, string>> = {}) =>
  Object.entries(old).every(([key, text]) => value[key] === text);

function checkMainUpdate(value: PodSpec, old: PodSpec): FieldError[] {
  for (const list of ['containers', 'initContainers'] as const) {
    if (value[list]?.length !== old[list]?.length && names(value[list]).length !== names(old[list]).length) {
      return [forbidden(`spec.${list}`, 'pod updates may not add or remove containers')];
    }
  }
  const errors = [
    ...value.containers.flatMap((c, i) => checkImage(`spec.containers[${i}].image`, c.image)),
    ...checkDeadline(value.activeDeadlineSeconds, old.activeDeadlineSeconds),
    ...checkTolerationsGrow(value.tolerations, old.tolerations),
    ...checkGatesShrink(value, old),
  ];
  return same(restored(value, old), old) ? errors : [...errors, forbidden('spec', UPDATABLE)];
}

function checkEphemeralUpdate(value: PodSpec, old: PodSpec): FieldError[] {
  if (!same({ ...value, ephemeralContainers: old.ephemeralContainers }, old)) return [forbidden('spec', EPHEMERAL_ONLY)];
  return (old.ephemeralContainers ?? []).flatMap((container, index) => {
    const now = value.ephemeralContainers?.find((c) => c.name === container.name);
    const path = `spec.ephemeralContainers[${index}]`;
    if (!now) return [forbidden(path, `existing ephemeral containers "${container.name}" may not be removed\n`)];
    return same(now, container) ? [] : [forbidden(path, `existing ephemeral containers "${container.name}" may not be changed\n`)];
  });
}

function checkResize(value: PodSpec, old: PodSpec): FieldError[] {
  const without = (spec: PodSpec) => ({
    ...spec,
    resources: undefined,
    containers: spec.containers.map((c) => ({ ...c, resources: undefined })),
  });
  return same(without(value), without(old)) ? [] : [forbidden('spec', RESIZE_ONLY)];
}

/** Kubernetes, "Pod update and replacement". `subresource` says through which door the update came. */
export function checkPodUpdate(pod: Pod, old: Pod, subresource: string): FieldError[] {
  if (!pod.spec || !old.spec) return [];
  switch (subresource) {
    case '':
      return checkMainUpdate(pod.spec, old.spec);
    case 'ephemeralcontainers':
      return checkEphemeralUpdate(pod.spec, old.spec);
    case 'resize':
      return checkResize(pod.spec, old.spec);
    default:
      return [];
  }
}
