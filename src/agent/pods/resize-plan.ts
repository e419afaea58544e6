import { podRequests } from '../../api/core/pod-resources.ts';
import type { Container, Pod, ResourceRequirements } from '../../api/schema/generated/types.ts';
import { compareQuantities, milliValue, parseQuantity, quantityValue } from '../../base/quantity.ts';
import { qosOf } from './config/resources-plan.ts';
import { containersOf, liveOf, type RoledContainer } from './container-machine.ts';
import { containerOf, type PodEffect, type PodState, type ResizeState, type Step } from './pod-state-plan.ts';
import { graceOf, stopOne } from './running-plan.ts';

/**
 * Resizing pods in place (Kubernetes: "Resize CPU and Memory Resources assigned to Containers", KEP-1287). `state.asked` is what the API wants, `state.pod` has what
 * the node set aside for it, and a live container knows what it has. The first becomes the second when the node has room; the second becomes the third here.
 */

type Side = 'requests' | 'limits';
type ResourceName = 'cpu' | 'memory';
const ZERO = parseQuantity('0');
const NAMES: readonly ResourceName[] = ['cpu', 'memory'];
const SIDES: readonly Side[] = ['requests', 'limits'];

const amountOf = (resources: ResourceRequirements | undefined, side: Side, name: ResourceName): number =>
  (name === 'cpu' ? milliValue : quantityValue)(resources?.[side]?.[name] ?? '0');

const changed = (a: ResourceRequirements | undefined, b: ResourceRequirements | undefined): ResourceName[] =>
  NAMES.filter((name) => SIDES.some((side) => amountOf(a, side, name) !== amountOf(b, side, name)));

const withResources = (container: Container, from: readonly Container[] | undefined): Container => {
  const allocated = from?.find(({ name }) => name === container.name);
  return allocated ? { ...container, resources: allocated.resources } : container;
};

/** The pod as the API has it now, but with the resources that the node has set aside already. */
export function withAllocated(asked: Pod, allocated: Pod): Pod {
  const { spec } = asked;
  if (!spec || !isResize(asked, allocated)) return asked;
  const init = spec.initContainers?.map((c) => withResources(c, allocated.spec?.initContainers));
  const containers = spec.containers.map((c) => withResources(c, allocated.spec?.containers));
  const { resources: _wanted, ...rest } = spec;
  const resources = allocated.spec?.resources;
  return { ...asked, spec: { ...rest, containers, ...(init && { initContainers: init }), ...(resources && { resources }) } };
}

/** Does the API want other resources than the node has set aside? */
export function isResize(asked: Pod, allocated: Pod): boolean {
  if (asked === allocated) return false;
  const known = new Map(containersOf(allocated).map(({ spec }) => [spec.name, spec.resources] as const));
  const own = containersOf(asked).filter(({ spec }) => known.has(spec.name));
  if (changed(asked.spec?.resources, allocated.spec?.resources).length > 0) return true;
  return own.some(({ spec }) => changed(spec.resources, known.get(spec.name)).length > 0);
}

/** What an earlier agent had set aside, by what it told the API. The limits of a container are those that it has. */
export function allocatedBefore(pod: Pod): Pod {
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  const told = (container: Container): Container => {
    const status = statuses.find(({ name }) => name === container.name);
    if (!status?.state?.running || !status.allocatedResources) return container;
    const limits = status.resources?.limits;
    return { ...container, resources: { ...container.resources, requests: status.allocatedResources, ...(limits && { limits }) } };
  };
  if (!pod.spec) return pod;
  const { containers, initContainers } = pod.spec;
  const before: Pod = { ...pod, spec: { ...pod.spec, containers: containers.map(told), initContainers: initContainers?.map(told) } };
  return withAllocated(pod, before);
}

export const wantsResize = ({ stage, object, asked, pod }: PodState): boolean =>
  stage.at === 'active' && object === 'present' && asked !== pod;

const grows = ({ asked, pod }: PodState): boolean => {
  const [now, before] = [podRequests(asked), podRequests(pod)];
  return NAMES.some((name) => compareQuantities(now[name] ?? ZERO, before[name] ?? ZERO) > 0);
};

/** Who is asked first whether there is room: those that free some, the more important, Guaranteed ones, those that wait the longest. */
export function inResizeOrder<T extends { readonly state: PodState }>(asking: readonly T[]): T[] {
  const keys = ({ state }: T) => [
    grows(state) ? 1 : 0,
    -(state.asked.spec?.priority ?? 0),
    qosOf(state.asked) === 'Guaranteed' ? 0 : 1,
    state.resize.pending?.sinceMs ?? Number.POSITIVE_INFINITY,
  ];
  const compare = (a: readonly number[], b: readonly number[]) => {
    const i = a.findIndex((key, at) => key !== b[at]);
    return i < 0 ? 0 : (a[i] ?? 0) < (b[i] ?? 0) ? -1 : 1;
  };
  return [...asking].sort((a, b) => compare(keys(a), keys(b)));
}

const generationOf = ({ metadata }: Pod): number => metadata?.generation ?? 0;

function messageOf(pod: Pod, what: string, error?: string): string {
  const summary = (list: readonly Container[] | undefined) => list?.map(({ name, resources }) => ({ name, resources: resources ?? {} }));
  const { initContainers, containers } = pod.spec ?? { containers: [] };
  const init = initContainers?.length ? { initContainers: summary(initContainers) } : {};
  return `Pod resize ${what}: ${JSON.stringify({ ...init, containers: summary(containers), generation: generationOf(pod), ...(error && { error }) })}`;
}

const without = (state: PodState, part: keyof ResizeState): PodState => {
  const { [part]: _gone, ...rest } = state.resize;
  return { ...state, resize: rest };
};

/** The node has room: the resources are set aside. */
export function allow(state: PodState): Step {
  const { asked } = state;
  if (!isResize(asked, state.pod)) return [without(state, 'pending'), []];
  const report: PodEffect = { do: 'report', type: 'Normal', reason: 'ResizeStarted', message: messageOf(asked, 'started') };
  return [{ ...state, pod: asked, resize: { inProgress: { generation: generationOf(asked), failures: 0 } } }, [report]];
}

/** The node has no room now. */
export function defer(state: PodState, message: string, nowMs: number): Step {
  const { asked, resize } = state;
  if (!isResize(asked, state.pod)) return [without(state, 'pending'), []];
  const generation = generationOf(asked);
  const before = resize.pending;
  const pending = { message, generation, sinceMs: before?.sinceMs ?? nowMs };
  if (before?.generation === generation && before.message === message) return [state, []];
  const next: PodState = { ...state, resize: { ...resize, pending } };
  if (before?.generation === generation) return [next, []];
  return [next, [{ do: 'report', type: 'Warning', reason: 'ResizeDeferred', message: messageOf(asked, 'Deferred', message) }]];
}

/** The pod as the API has it now. */
export function observe(state: PodState, asked: Pod): PodState {
  // Nothing was set aside for a pod that has not begun.
  if (state.stage.at === 'new') return { ...state, asked, pod: asked };
  const pod = withAllocated(asked, state.pod);
  const next = { ...state, asked, pod };
  return next.resize.pending && pod === asked ? without(next, 'pending') : next;
}

const needsRestart = ({ spec }: RoledContainer, names: readonly ResourceName[]): boolean =>
  names.some((name) =>
    spec.resizePolicy?.some(({ resourceName, restartPolicy }) => resourceName === name && restartPolicy === 'RestartContainer'),
  );

/** Live containers that do not have what was set aside for them, with the resources that differ. */
export const outdatedOf = (state: PodState): { roled: RoledContainer; names: ResourceName[] }[] =>
  containersOf(state.pod).flatMap((roled) => {
    const live = liveOf(containerOf(state, roled.spec.name).run);
    const names = live && roled.role !== 'ephemeral' ? changed(roled.spec.resources, live.resources) : [];
    return names.length > 0 ? [{ roled, names }] : [];
  });

/** What is left of a resize that an earlier agent began or put off, by what it told the API. */
export function adoptResize({ status }: Pod, isDone: boolean): ResizeState {
  const told = (type: string) => status?.conditions?.find((condition) => condition.type === type);
  const [pending, inProgress] = [told('PodResizePending'), told('PodResizeInProgress')];
  const sinceMs = Date.parse(pending?.lastTransitionTime ?? '') || 0;
  return {
    ...(pending && { pending: { message: pending.message ?? '', generation: pending.observedGeneration ?? 0, sinceMs } }),
    ...((inProgress || !isDone) && { inProgress: { generation: inProgress?.observedGeneration ?? 0, failures: 0 } }),
  };
}

/** Brings the running containers to what was set aside: at once, or by restarting those whose policy says so. */
export function actuate(state: PodState, nowMs: number): Step {
  const { inProgress } = state.resize;
  if (state.stage.at !== 'active' || state.sandbox.at !== 'ready' || !inProgress) return [state, []];
  if (inProgress.isUnderWay || (inProgress.retryAtMs ?? 0) > nowMs) return [state, []];
  const outdated = outdatedOf(state);
  if (outdated.length === 0 && inProgress.isApplied) return complete(state);
  const effects: PodEffect[] = [];
  let next = state;
  for (const { roled } of outdated.filter(({ roled, names }) => needsRestart(roled, names))) {
    const { name } = roled.spec;
    const [after, more] = stopOne(next, name, graceOf(state), `Container ${name} resize requires restart`, nowMs, 'again');
    next = after;
    effects.push(...more);
  }
  const inPlace = outdated.filter(({ roled, names }) => !needsRestart(roled, names)).map(({ roled }) => roled.spec.name);
  // Limits of the pod as a whole are those of the containers that have none.
  const all = state.pod.spec?.resources && !inProgress.isApplied ? containersOf(state.pod).map(({ spec }) => spec.name) : inPlace;
  const names = all.filter((name) => containerOf(next, name).run.at === 'running');
  if (names.length === 0 && inProgress.isApplied) return [next, effects];
  return [{ ...next, resize: { ...next.resize, inProgress: { ...inProgress, isUnderWay: true } } }, [...effects, { do: 'resize', names }]];
}

function complete(state: PodState): Step {
  const report: PodEffect = { do: 'report', type: 'Normal', reason: 'ResizeCompleted', message: messageOf(state.pod, 'completed') };
  return [without(state, 'inProgress'), [report]];
}

/** 1 s doubling to 10 s, about the pace of the kubelet's syncs. */
const retryAfter = (failures: number) => Math.min(1000 * 2 ** Math.min(failures, 10), 10_000);

/** The runtime's answer about containers that were to be resized. */
export function resized(
  state: PodState,
  event: { done: Readonly<Record<string, ResourceRequirements>>; error?: string },
  nowMs: number,
): Step {
  const containers = { ...state.containers };
  for (const [name, resources] of Object.entries(event.done)) {
    const container = containerOf(state, name);
    const { run } = container;
    if (run.at === 'running' || run.at === 'stopping') containers[name] = { ...container, run: { ...run, resources } };
  }
  const { inProgress } = state.resize;
  if (!inProgress) return [{ ...state, containers }, []];
  const { isUnderWay: _done, retryAtMs: _retry, ...rest } = inProgress;
  const { error } = event;
  if (error === undefined) {
    const applied = { ...rest, failures: 0, isApplied: true };
    return [{ ...state, containers, resize: { ...state.resize, inProgress: applied } }, []];
  }
  const failed = { ...rest, error, failures: rest.failures + 1, retryAtMs: nowMs + retryAfter(rest.failures) };
  const report: PodEffect = { do: 'report', type: 'Warning', reason: 'ResizeError', message: messageOf(state.pod, 'error', error) };
  return [{ ...state, containers, resize: { ...state.resize, inProgress: failed } }, rest.error === error ? [] : [report]];
}
