import type { Node, Pod } from '../../api/schema/generated/types.ts';
import type { ExtenderConfiguration } from './extender-config.ts';

/** What is said to extenders, and how their answers are read (k8s.io/kube-scheduler/extender/v1). Reading throws an Error for an answer that makes no sense. */

/** Extenders score from 0 to 10, plugins to 100. */
const SCORE_SCALE = 10;

/** Does the pod ask for anything that the extender cares about? */
export function isInterested({ managedResources }: ExtenderConfiguration, { spec }: Pod): boolean {
  if (managedResources.size === 0) return true;
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  return containers.some(({ resources }) =>
    [resources?.requests, resources?.limits].some((list) => Object.keys(list ?? {}).some((name) => managedResources.has(name))),
  );
}

export const nodesQuestion = ({ nodeCacheCapable }: ExtenderConfiguration, pod: Pod, nodes: readonly Node[]): object => ({
  Pod: pod,
  ...(nodeCacheCapable ? { Nodes: null, NodeNames: nodes.map(nameOf) } : { Nodes: { metadata: {}, items: nodes }, NodeNames: null }),
});

export interface Filtered {
  /** Names of the nodes that are left, among those that were asked about. */
  readonly names: readonly string[];
  readonly failed: ReadonlyMap<string, string>;
  /** No pod that leaves would help. A node may be in both. */
  readonly unresolvable: ReadonlyMap<string, string>;
}

export function readFiltered(extender: ExtenderConfiguration, answer: unknown, asked: readonly Node[]): Filtered {
  const error = fieldOf(answer, 'Error');
  if (typeof error === 'string' && error) throw new Error(error);
  const given = new Set(asked.map(nameOf));
  const listed = extender.nodeCacheCapable ? fieldOf(answer, 'NodeNames') : undefined;
  const items = fieldOf(fieldOf(answer, 'Nodes'), 'items');
  const names = Array.isArray(listed) ? listed.map(String) : Array.isArray(items) ? items.map(nameOf) : [];
  const stranger = names.find((name) => !given.has(name));
  if (stranger !== undefined) {
    const [who, which] = [JSON.stringify(extender.urlPrefix), JSON.stringify(stranger)];
    throw new Error(`extender ${who} claims a filtered node ${which} which is not found in the input node list`);
  }
  return { names, failed: textsOf(fieldOf(answer, 'FailedNodes')), unresolvable: textsOf(fieldOf(answer, 'FailedAndUnresolvableNodes')) };
}

/** What to add to the nodes' scores. */
export function readScores({ weight }: ExtenderConfiguration, answer: unknown): ReadonlyMap<string, number> {
  if (!Array.isArray(answer)) throw new Error('a list of scores was expected');
  const scores = new Map<string, number>();
  for (const entry of answer) {
    const [host, score] = [fieldOf(entry, 'Host'), fieldOf(entry, 'Score') ?? 0];
    if (typeof host !== 'string' || !Number.isInteger(score)) throw new Error('a score has a Host and a whole number as its Score');
    scores.set(host, (scores.get(host) ?? 0) + (score as number) * weight * SCORE_SCALE);
  }
  return scores;
}

/** The pods that would have to leave a node, and how many of them no budget lets go. */
export interface NodeVictims {
  readonly nodeName: string;
  readonly victims: readonly Pod[];
  readonly violations: number;
}

export function preemptionQuestion({ nodeCacheCapable }: ExtenderConfiguration, pod: Pod, candidates: readonly NodeVictims[]): object {
  const byNode = (podOf: (victim: Pod) => object) =>
    Object.fromEntries(
      candidates.map(({ nodeName, victims, violations }) => [nodeName, { Pods: victims.map(podOf), NumPDBViolations: violations }]),
    );
  return nodeCacheCapable
    ? { Pod: pod, NodeNameToVictims: null, NodeNameToMetaVictims: byNode(({ metadata }) => ({ UID: metadata?.uid ?? '' })) }
    : { Pod: pod, NodeNameToVictims: byNode((victim) => victim), NodeNameToMetaVictims: null };
}

/** Uids of the victims by node, as the extender would have it. */
export function readVictims(
  answer: unknown,
): readonly { readonly nodeName: string; readonly uids: readonly string[]; readonly violations: number }[] {
  return Object.entries(fieldOf(answer, 'NodeNameToMetaVictims') ?? {}).map(([nodeName, victims]) => {
    const pods = fieldOf(victims, 'Pods');
    const violations = fieldOf(victims, 'NumPDBViolations');
    return {
      nodeName,
      uids: Array.isArray(pods) ? pods.map((pod) => String(fieldOf(pod, 'UID') ?? '')) : [],
      violations: typeof violations === 'number' ? violations : 0,
    };
  });
}

export const bindingQuestion = ({ metadata }: Pod, nodeName: string): object => ({
  PodName: metadata?.name ?? '',
  PodNamespace: metadata?.namespace ?? '',
  PodUID: metadata?.uid ?? '',
  Node: nodeName,
});

export function readBound(answer: unknown): void {
  const error = fieldOf(answer, 'Error');
  if (typeof error === 'string' && error) throw new Error(error);
}

const nameOf = (node: Node): string => node.metadata?.name ?? '';

/** Names of fields are read in any case, as Go's decoder does: extenders write them as they like. */
function fieldOf(value: unknown, field: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const wanted = field.toLowerCase();
  const found = Object.entries(value).filter(([key]) => key.toLowerCase() === wanted);
  return found.at(-1)?.[1] ?? undefined;
}

const textsOf = (value: unknown): ReadonlyMap<string, string> =>
  new Map(Object.entries(typeof value === 'object' && value !== null ? value : {}).map(([key, text]) => [key, String(text)]));
