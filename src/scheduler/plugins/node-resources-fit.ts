import { resourceId } from '../../api/define.ts';
import { deviceClasses } from '../../api/resource/device-class.ts';
import { resourcesOfClass } from '../../api/resource/device-resources.ts';
import type { DeviceClass, Node, Pod } from '../../api/schema/generated/types.ts';
import { type NodeInfo, Row } from '../cache/node-info.ts';
import type { PodInfo } from '../cache/pod-info.ts';
import { Amounts, podRequests } from '../cache/resources.ts';
import type { ConfigReader } from '../config/config-reader.ts';
import { readScoring } from '../config/scoring-strategy.ts';
import { followClassResources } from '../devices/class-resources.ts';
import { followDeviceTotals } from '../devices/device-totals.ts';
import { Action, type ClusterEvent, type EventInterest } from '../framework/cluster-event.ts';
import type { PluginDefinition } from '../framework/definition.ts';
import type { SchedulerPlugin } from '../framework/plugin.ts';
import { type Refusal, refusal } from '../framework/refusal.ts';

const NAME = 'NodeResourcesFit';

/** Every combination of reasons once, however many nodes say it. */
const resolvable = new Map<string, Refusal>();
const unresolvable = new Map<string, Refusal>();
function refuse(reasons: readonly string[], isResolvable: boolean): Refusal {
  const known = isResolvable ? resolvable : unresolvable;
  const key = reasons.length === 1 ? (reasons[0] as string) : reasons.join('|');
  let found = known.get(key);
  if (!found) {
    found = refusal(NAME, isResolvable ? 'Unschedulable' : 'UnschedulableAndUnresolvable', ...reasons);
    known.set(key, found);
  }
  return found;
}

const ALWAYS = ['cpu', 'memory', 'ephemeral-storage'].map((name) => [name, `Insufficient ${name}`] as const);

type IsIgnored = (resource: string) => boolean;
/** Does the node leave it to devices? Then DynamicResources looks for them. */
type IsOfDevices = (resource: string, allocatable: Amounts) => boolean;

/** Slow path: names each resource that is short. */
function explain(
  { requests }: PodInfo,
  { allocatable, requested, allowedPods, podCount }: NodeInfo,
  isIgnored: IsIgnored,
  isOfDevices: IsOfDevices,
): Refusal | undefined {
  const reasons: string[] = [];
  let isResolvable = true;
  if (podCount + 1 > allowedPods) reasons.push('Too many pods');
  const check = (name: string, reason: string) => {
    const wanted = requests.get(name);
    if (wanted <= 0 || wanted <= allocatable.get(name) - requested.get(name)) return;
    reasons.push(reason);
    // No pod that leaves would make the node large enough.
    if (wanted > allocatable.get(name)) isResolvable = false;
  };
  for (const [name, reason] of ALWAYS) check(name, reason);
  for (const name of requests.scalars?.keys() ?? [])
    if (!isIgnored(name) && !isOfDevices(name, allocatable)) check(name, `Insufficient ${name}`);
  return reasons.length > 0 ? refuse(reasons, isResolvable) : undefined;
}

function fits({ requests }: PodInfo, { numbers, at }: NodeInfo): boolean {
  return (
    (numbers[at + Row.freePods] as number) > 0 &&
    (requests.milliCpu === 0 || requests.milliCpu <= (numbers[at + Row.freeCpu] as number)) &&
    (requests.memory === 0 || requests.memory <= (numbers[at + Row.freeMemory] as number)) &&
    (requests.ephemeralStorage === 0 || requests.ephemeralStorage <= (numbers[at + Row.freeStorage] as number)) &&
    requests.scalars === undefined
  );
}

/** Could the pod be on the node at all? */
function isLargeEnough(pod: Pod, node: Node, isOfDevices: IsOfDevices): boolean {
  const [wanted, has] = [podRequests(pod), Amounts.of(node.status?.allocatable ?? node.status?.capacity)];
  const names = ['cpu', 'memory', 'ephemeral-storage', ...(wanted.scalars?.keys() ?? [])];
  return names.every((name) => wanted.get(name) <= has.get(name) || isOfDevices(name, has));
}

/** A class that begins to stand for a resource of the pod. */
function isHelpfulClass(pod: Pod, { object, previous }: ClusterEvent): boolean {
  const before = previous ? resourcesOfClass(previous as DeviceClass) : [];
  const wanted = podRequests(pod);
  return resourcesOfClass(object as DeviceClass).some((name) => wanted.get(name) > 0 && !before.includes(name));
}

const eventsOf = (isOfDevices: IsOfDevices): readonly EventInterest[] => [
  { resource: 'pods/assigned', actions: Action.delete | Action.podScaleDown },
  { resource: 'pods/unscheduled', actions: Action.podScaleDown },
  {
    resource: 'nodes',
    actions: Action.add | Action.nodeAllocatable,
    isHelpful: (pod, { object }) => isLargeEnough(pod, object as Node, isOfDevices),
  },
  { resource: resourceId(deviceClasses), actions: Action.add | Action.update, isHelpful: isHelpfulClass },
];

function readIgnored(args: ConfigReader): IsIgnored {
  const texts = (field: string) => {
    const list = args.raw(field) ?? [];
    if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return new Set<string>(list);
    args.report(field, 'must be a list of texts');
    return new Set<string>();
  };
  const [resources, groups] = [texts('ignoredResources'), texts('ignoredResourceGroups')];
  return (name) => resources.has(name) || groups.has(name.split('/')[0] ?? '');
}

/** Requests must fit into what the node can allocate. How full the best node is, `scoringStrategy` says; LeastAllocated by default. */
export const nodeResourcesFit: PluginDefinition = {
  name: NAME,
  weight: 1,
  configure(args) {
    args.known(['ignoredResources', 'ignoredResourceGroups', 'scoringStrategy']);
    const isIgnored = readIgnored(args);
    const makeScore = readScoring(args);
    return (handle): SchedulerPlugin => {
      const classOf = followClassResources(handle.informers);
      const score = makeScore(followDeviceTotals(handle));
      const isOfDevices: IsOfDevices = (resource, allocatable) => allocatable.get(resource) === 0 && classOf(resource) !== undefined;
      return {
        name: NAME,
        events: eventsOf(isOfDevices),
        filter: (_state, pod, node) => (fits(pod, node) ? undefined : explain(pod, node, isIgnored, isOfDevices)),
        score: (_state, pod, node) => score(pod, node),
      };
    };
  },
};
