import type { Container, LimitRange, Pod } from '../../../api/schema/generated/types.ts';

/** Says what was set, for people. */
const ANNOTATION = 'kubernetes.io/limit-ranger';

type List = Record<string, string>;

/** Sets in `list` what it lacks; the names of what was set, sorted. */
function fillIn(list: List, defaults: Readonly<List>): string[] {
  const missing = Object.keys(defaults).filter((name) => list[name] === undefined);
  for (const name of missing) list[name] = defaults[name] ?? '';
  return missing.sort();
}

/** Limits and requests that a container does not name come from the range's items of type Container; the last item counts. */
export function setContainerDefaults(pod: Pod, { spec }: LimitRange, { annotate }: { annotate: boolean }): void {
  const items = spec?.limits?.filter(({ type }) => type === 'Container') ?? [];
  const limits: List = Object.assign({}, ...items.map((item) => item.default));
  const requests: List = Object.assign({}, ...items.map((item) => item.defaultRequest));
  if (!pod.spec || (Object.keys(limits).length === 0 && Object.keys(requests).length === 0)) return;
  const notes = [
    ...(pod.spec.containers ?? []).flatMap((container) => fillContainer(container, { limits, requests }, 'container')),
    ...(pod.spec.initContainers ?? []).flatMap((container) => fillContainer(container, { limits, requests }, 'init container')),
  ];
  if (notes.length === 0 || !annotate) return;
  pod.metadata = {
    ...pod.metadata,
    annotations: { ...pod.metadata?.annotations, [ANNOTATION]: `LimitRanger plugin set: ${notes.join('; ')}` },
  };
}

function fillContainer(container: Container, defaults: { limits: List; requests: List }, what: string): string[] {
  const limits = { ...container.resources?.limits };
  const requests = { ...container.resources?.requests };
  const setLimits = fillIn(limits, defaults.limits);
  const setRequests = fillIn(requests, defaults.requests);
  if (setLimits.length > 0) container.resources = { ...container.resources, limits };
  if (setRequests.length > 0) container.resources = { ...container.resources, requests };
  return [
    ...(setRequests.length > 0 ? [`${setRequests.join(', ')} request for ${what} ${container.name}`] : []),
    ...(setLimits.length > 0 ? [`${setLimits.join(', ')} limit for ${what} ${container.name}`] : []),
  ];
}
