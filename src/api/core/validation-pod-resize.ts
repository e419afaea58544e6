import { type FieldError, forbidden, invalid } from '../meta/field-error.ts';
import { same } from '../meta/validation.ts';
import type { Container, Pod, PodSpec, ResourceRequirements } from '../schema/generated/types.ts';
import { qosClassOf } from './pod-qos.ts';
import { isSidecar } from './pod-resources.ts';
import { MIRROR } from './validation-pod-annotations.ts';
import type { ResourceList } from './validation-resources.ts';

/** Kubernetes, "Resize CPU and Memory Resources assigned to Containers" (KEP-1287) and "… to Pods" (KEP-5419). */

const LISTS = ['containers', 'initContainers'] as const;
type ListName = (typeof LISTS)[number];

const removed = (now: ResourceList = {}, then: ResourceList = {}) => Object.keys(then).some((name) => !(name in now));

/** cpu and memory as they were; what differs still was not allowed to. */
function withOldAmounts(now: ResourceList | undefined, then: ResourceList | undefined): ResourceList {
  const { cpu: _c, memory: _m, ...rest } = now ?? {};
  const { cpu, memory } = then ?? {};
  return { ...rest, ...(cpu !== undefined && { cpu }), ...(memory !== undefined && { memory }) };
}

const restored = (now: ResourceRequirements = {}, then: ResourceRequirements = {}): ResourceRequirements => ({
  ...now,
  limits: withOldAmounts(now.limits, then.limits),
  requests: withOldAmounts(now.requests, then.requests),
});

/** Claims are not carried over, so whoever has some differs from what he was: containers with devices are not resized. */
function isUnlike(now: Container, then: Container): boolean {
  const { limits, requests } = restored(now.resources, then.resources);
  return !same({ ...now, resources: { limits, requests } }, then);
}

/** Containers are compared by their place. */
function checkPlaces(list: ListName, now: readonly Container[], then: readonly Container[]): FieldError[] {
  if (now.length !== then.length) return [forbidden(`spec.${list}`, `${list} may not be added or removed on resize`)];
  return then.flatMap(({ name }, i) =>
    now[i]?.name === name ? [] : [forbidden(`spec.${list}[${i}].name`, `${list} may not be renamed or reordered on resize`)],
  );
}

function checkKept(path: string, what: string, now: ResourceRequirements = {}, then: ResourceRequirements = {}): FieldError[] {
  return [
    ...(removed(now.requests, then.requests) ? [forbidden(`${path}.requests`, `${what} requests cannot be removed`)] : []),
    ...(removed(now.limits, then.limits) ? [forbidden(`${path}.limits`, `${what} limits cannot be removed`)] : []),
  ];
}

function checkPodLevel({ resources: now }: PodSpec, { resources: then }: PodSpec): FieldError[] {
  const path = 'spec.resources';
  if (then && !now) return [forbidden(path, 'pod-level resources cannot be removed')];
  if (!now) return [];
  const unlike = !same(restored(now, then), then ?? {});
  return [
    ...checkKept(path, 'pod-level resource', now, then),
    ...(unlike ? [forbidden('spec', 'only cpu and memory resources are mutable at pod-level')] : []),
  ];
}

function checkInitContainer(path: string, now: Container, then: Container): FieldError[] {
  const unlike = isUnlike(now, then);
  const errors = unlike ? [forbidden(path, 'only cpu and memory resources for init or sidecar containers are mutable')] : [];
  if (isSidecar(now) || same(now, then)) return errors;
  const anew = (now.resizePolicy ?? []).filter(({ restartPolicy }) => restartPolicy === 'RestartContainer');
  const detail = 'non-sidecar init containers with a resize policy of RestartContainer cannot be resized';
  return [...errors, ...anew.map(() => forbidden(path, detail))];
}

function checkContainers(value: PodSpec, old: PodSpec): FieldError[] {
  const pairs = (list: ListName) => (value[list] ?? []).map((now, i) => ({ now, before: old[list]?.[i] as Container, i }));
  const kept = (list: ListName) =>
    pairs(list).flatMap(({ now, before, i }) => checkKept(`spec.${list}[${i}].resources`, 'resource', now.resources, before.resources));
  return [
    ...kept('initContainers'),
    ...kept('containers'),
    ...pairs('containers').flatMap(({ now, before }) =>
      isUnlike(now, before) ? [forbidden('spec', 'only cpu and memory resources are mutable')] : [],
    ),
    ...pairs('initContainers').flatMap(({ now, before, i }) => checkInitContainer(`spec.initContainers[${i}]`, now, before)),
  ];
}

function unsupported(pod: Pod): string | undefined {
  if (pod.metadata?.annotations?.[MIRROR] !== undefined) return 'static pods cannot be resized';
  return pod.spec?.os?.name === 'windows' ? 'windows pods cannot be resized' : undefined;
}

function checkPod(pod: Pod, old: Pod, value: PodSpec, before: PodSpec): FieldError[] {
  const running = old.status?.containerStatuses?.find((status) => status.state?.running);
  const moved = (old.status?.qosClass ?? qosClassOf(before)) !== qosClassOf(value);
  const claims = old.status?.nodeAllocatableResourceClaimStatuses?.length;
  return [
    ...(moved ? [invalid('spec', pod.status?.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing')] : []),
    ...(running && !running.resources ? [forbidden('spec', 'Pod running on node without support for resize')] : []),
    ...checkPodLevel(value, before),
    ...(claims ? [forbidden('spec', 'pods with node allocatable resource claims cannot be resized')] : []),
  ];
}

export function checkResize(pod: Pod, old: Pod): FieldError[] {
  const [value, before] = [pod.spec, old.spec];
  if (!value || !before) return [];
  const refused = unsupported(old);
  if (refused) return [forbidden('[]', refused)];
  const errors = checkPod(pod, old, value, before);
  const misplaced = LISTS.flatMap((list) => checkPlaces(list, value[list] ?? [], before[list] ?? []));
  if (misplaced.length > 0) return [...errors, ...misplaced];
  errors.push(...checkContainers(value, before));
  if (errors.length > 0) return errors;
  const bare = (spec: PodSpec) => ({ ...spec, resources: undefined, containers: [], initContainers: [] });
  return same(bare(value), bare(before)) ? [] : [forbidden('spec', 'only cpu and memory resources are mutable')];
}
