import { type FieldError, forbidden, invalid } from '../meta/field-error.ts';
import { same } from '../meta/validation.ts';
import type { Container, Pod, PodSpec, ResourceRequirements } from '../schema/generated/types.ts';
import { qosClassOf } from './pod-qos.ts';
import { MIRROR } from './validation-pod-annotations.ts';
import type { ResourceList } from './validation-resources.ts';

/** Kubernetes, "Resize CPU and Memory Resources assigned to Containers" (KEP-1287). */

const isSidecar = ({ restartPolicy }: Container) => restartPolicy === 'Always';
const removed = (now: ResourceList = {}, then: ResourceList = {}) => Object.keys(then).some((name) => !(name in now));

const checkContainerResize = (path: string, now: ResourceRequirements = {}, then: ResourceRequirements = {}): FieldError[] => [
  ...(removed(now.requests, then.requests) ? [forbidden(`${path}.requests`, 'resource requests cannot be removed')] : []),
  ...(removed(now.limits, then.limits) ? [forbidden(`${path}.limits`, 'resource limits cannot be removed')] : []),
];

/** The container with what may change put back. */
function restored(now: Container, then: Container | undefined): Container {
  const keep = (list: ResourceList | undefined, old: ResourceList | undefined) => {
    const { cpu: _c, memory: _m, ...rest } = list ?? {};
    const { cpu, memory } = old ?? {};
    return old && { ...rest, ...(cpu !== undefined && { cpu }), ...(memory !== undefined && { memory }) };
  };
  const { limits, requests } = then?.resources ?? {};
  const resources = { ...now.resources, limits: keep(now.resources?.limits, limits), requests: keep(now.resources?.requests, requests) };
  return { ...now, resources };
}

function checkLists(value: PodSpec, old: PodSpec): FieldError[] {
  const others = (now: Container[] = [], then: Container[] = []) => now.map((c, i) => ({ now: c, before: then[i] }));
  const errors = others(value.containers, old.containers)
    .filter(({ now, before }) => !same(restored(now, before), before))
    .map(() => forbidden('spec', 'only cpu and memory resources are mutable'));
  for (const { now, before } of others(value.initContainers, old.initContainers)) {
    if (isSidecar(now)) {
      if (!same(restored(now, before), before)) {
        errors.push(forbidden('spec', 'only cpu and memory resources for sidecar containers are mutable'));
      }
    } else if (!same(now, before)) errors.push(forbidden('spec', 'resources for non-sidecar init containers are immutable'));
  }
  return errors;
}

function unsupported(pod: Pod): string | undefined {
  if (pod.metadata?.annotations?.[MIRROR] !== undefined) return 'static pods cannot be resized';
  return pod.spec?.os?.name === 'windows' ? 'windows pods cannot be resized' : undefined;
}

export function checkResize(pod: Pod, old: Pod): FieldError[] {
  const [value, before] = [pod.spec, old.spec];
  if (!value || !before) return [];
  const refused = unsupported(old);
  if (refused) return [forbidden('[]', refused)];
  const errors: FieldError[] = [];
  if ((old.status?.qosClass ?? qosClassOf(before)) !== qosClassOf(value)) {
    errors.push(invalid('spec', pod.status?.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing'));
  }
  const running = old.status?.containerStatuses?.find((status) => status.state?.running);
  if (running && running.resources === undefined) {
    errors.push(forbidden('spec', 'Pod running on node without support for resize'));
  }
  for (const list of ['initContainers', 'containers'] as const) {
    for (const [i, then] of (before[list] ?? []).entries()) {
      const now = value[list]?.[i];
      if (!now || (list === 'initContainers' && !isSidecar(then))) continue;
      errors.push(...checkContainerResize(`spec.${list}[${i}].resources`, now.resources, then.resources));
    }
  }
  errors.push(...checkLists(value, before));
  if (errors.length > 0) return errors;
  const bare = (spec: PodSpec) => ({ ...spec, resources: undefined, containers: [], initContainers: [] });
  const sameLength = value.containers.length === before.containers.length;
  return same(bare(value), bare(before)) && sameLength ? [] : [forbidden('spec', 'only cpu and memory resources are mutable')];
}
