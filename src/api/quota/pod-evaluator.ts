import { qosClassOf } from '../core/pod-qos.ts';
import { type Amounts, podLimits, podRequests, toAmounts } from '../core/pod-resources.ts';
import { isDeviceResource } from '../resource/device-resources.ts';
import type { Container, Pod, PodAffinityTerm } from '../schema/generated/types.ts';
import { isExtendedQuota, matchesNames, ONE, type QuotaEvaluator, type Scope } from './evaluator.ts';

const COUNT = 'count/pods';
const NAMES = new Set([
  COUNT,
  'pods',
  ...['cpu', 'memory', 'ephemeral-storage'].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
]);
/** Every container must say these where a quota counts them: a promise of old that is kept for cpu and memory alone. */
const MUST_BE_SAID = new Set(['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory']);

const isHugePages = (name: string) => name.startsWith('hugepages-');

function counts(name: string): boolean {
  if (NAMES.has(name) || isHugePages(name) || name.startsWith('requests.hugepages-')) return true;
  return isExtendedQuota(name);
}

/** Requests and limits under the names that quotas have for them. Extended resources are counted by their requests. */
function computeUsage(requests: Amounts, limits: Amounts): Amounts {
  const usage: Amounts = { pods: ONE };
  for (const [name, amount] of Object.entries(requests)) {
    if (NAMES.has(name) || isHugePages(name)) usage[name] = amount;
    if (NAMES.has(name) || isHugePages(name) || isDeviceResource(name)) usage[`requests.${name}`] = amount;
  }
  for (const [name, amount] of Object.entries(limits)) if (NAMES.has(`limits.${name}`)) usage[`limits.${name}`] = amount;
  return usage;
}

/** Ended pods use nothing, and pods that should be gone by now neither: their node may be lost. */
function isCounted(pod: Pod, nowMs: number): boolean {
  if (pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded') return false;
  return nowMs <= (fadesAt(pod) ?? Number.POSITIVE_INFINITY);
}

function fadesAt({ metadata }: Pod): number | undefined {
  if (metadata?.deletionTimestamp === undefined || metadata.deletionGracePeriodSeconds === undefined) return undefined;
  return Date.parse(metadata.deletionTimestamp) + metadata.deletionGracePeriodSeconds * 1000;
}

function usage(pod: Pod, nowMs: number): Amounts {
  if (!isCounted(pod, nowMs)) return { [COUNT]: ONE };
  return { [COUNT]: ONE, ...computeUsage(podRequests(pod, { status: true }), podLimits(pod, { status: true })) };
}

const isTerminating = ({ spec }: Pod) => (spec?.activeDeadlineSeconds ?? -1) >= 0;
const isBestEffort = ({ spec }: Pod) => spec !== undefined && qosClassOf(spec) === 'BestEffort';

function usesOtherNamespaces({ spec }: Pod): boolean {
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {};
  const terms: readonly (PodAffinityTerm | undefined)[] = [podAffinity, podAntiAffinity].flatMap((affinity) => [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((preferred) => preferred.podAffinityTerm),
  ]);
  return terms.some((term) => (term?.namespaces?.length ?? 0) > 0 || term?.namespaceSelector !== undefined);
}

function matchesScope(scope: Scope, pod: Pod): boolean {
  switch (scope.scopeName) {
    case 'Terminating':
      return isTerminating(pod);
    case 'NotTerminating':
      return !isTerminating(pod);
    case 'BestEffort':
      return isBestEffort(pod);
    case 'NotBestEffort':
      return !isBestEffort(pod);
    case 'PriorityClass':
      return matchesNames(scope, pod.spec?.priorityClassName ? [pod.spec.priorityClassName] : []);
    case 'CrossNamespacePodAffinity':
      return usesOtherNamespaces(pod);
    default:
      return false;
  }
}

const asksAsAWhole = ({ spec }: Pod): boolean =>
  [spec?.resources?.requests, spec?.resources?.limits].some((list) =>
    Object.keys(list ?? {}).some((name) => name === 'cpu' || name === 'memory' || isHugePages(name)),
  );

/** `must specify limits.cpu for: a,b; requests.cpu for: b` */
function missing(names: readonly string[], pod: Pod): string | undefined {
  if (asksAsAWhole(pod)) return undefined;
  const required = names.filter((name) => MUST_BE_SAID.has(name)).sort();
  const containers: Container[] = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const said = containers.map(({ name, resources }) => ({
    name,
    usage: computeUsage(toAmounts(resources?.requests), toAmounts(resources?.limits)),
  }));
  const lines = required.flatMap((resource) => {
    const silent = said.filter((container) => !container.usage[resource]).map(({ name }) => name);
    return silent.length > 0 ? [`${resource} for: ${silent.sort().join(',')}`] : [];
  });
  return lines.length > 0 ? `must specify ${lines.join('; ')}` : undefined;
}

export const podEvaluator: QuotaEvaluator<Pod> = {
  resource: 'pods',
  counts,
  handles: ({ operation, subresource }) =>
    (operation === 'CREATE' && subresource === '') || (operation === 'UPDATE' && subresource === 'resize'),
  usage,
  matchesScope,
  missing,
  fadesAt,
};
