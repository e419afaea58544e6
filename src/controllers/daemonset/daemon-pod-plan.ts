import { TEMPLATE_GENERATION } from '../../api/apps/daemon-set-generation.ts';
import { fitsNodeAffinity } from '../../api/meta/node-selector.ts';
import { tolerates } from '../../api/meta/tolerations.ts';
import type { Affinity, DaemonSet, Node, Pod, PodSpec, PodTemplateSpec, Toleration } from '../../api/schema/generated/types.ts';
import { REVISION_HASH_LABEL } from '../lib/revision-history-plan.ts';

/** Of no use but to those who knew it before there were revisions: the hash tells which pods are up to date. */
const GENERATION_LABEL = 'pod-template-generation';

const toleration = (name: string, effect: string): Toleration => ({ key: `node.kubernetes.io/${name}`, operator: 'Exists', effect });

/** https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/#taints-and-tolerations */
const TOLERATIONS: readonly Toleration[] = [
  toleration('not-ready', 'NoExecute'),
  toleration('unreachable', 'NoExecute'),
  toleration('disk-pressure', 'NoSchedule'),
  toleration('memory-pressure', 'NoSchedule'),
  toleration('pid-pressure', 'NoSchedule'),
  toleration('unschedulable', 'NoSchedule'),
];
const HOST_NETWORK_TOLERATION = toleration('network-unavailable', 'NoSchedule');

const isSameRule = (a: Toleration, b: Toleration) =>
  a.key === b.key && a.effect === b.effect && (a.operator ?? 'Equal') === (b.operator ?? 'Equal') && (a.value ?? '') === (b.value ?? '');

/** The pod's own tolerations, and those of every daemon; its own of the same taint lose their time limit. */
function daemonTolerations({ tolerations = [], hostNetwork }: PodSpec): Toleration[] {
  const automatic = hostNetwork ? [...TOLERATIONS, HOST_NETWORK_TOLERATION] : TOLERATIONS;
  const replaced = tolerations.map((own) => automatic.find((rule) => isSameRule(rule, own)) ?? own);
  return [...replaced, ...automatic.filter((rule) => !replaced.includes(rule))];
}

/** The template's affinity with the node's name as the only required term: the scheduler then binds the pod there or nowhere. */
const pinnedTo = (affinity: Affinity | undefined, nodeName: string): Affinity => ({
  ...affinity,
  nodeAffinity: {
    ...affinity?.nodeAffinity,
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [nodeName] }] }],
    },
  },
});

/** What the DaemonSet's pod for one node is made from. `hash`: of the revision. */
export function templateFor({ metadata: owner, spec }: DaemonSet, nodeName: string, hash: string): PodTemplateSpec {
  const { metadata, spec: podSpec = { containers: [] } } = spec?.template ?? {};
  const generation = owner?.annotations?.[TEMPLATE_GENERATION];
  const marks = { ...(generation !== undefined && { [GENERATION_LABEL]: generation }), [REVISION_HASH_LABEL]: hash };
  return {
    metadata: { ...metadata, labels: { ...metadata?.labels, ...marks } },
    spec: { ...podSpec, tolerations: daemonTolerations(podSpec), affinity: pinnedTo(podSpec.affinity, nodeName) },
  };
}

/** The node that a daemon pod runs on or waits for; undefined: its affinity names none. */
export function targetNode({ spec }: Pod): string | undefined {
  if (spec?.nodeName) return spec.nodeName;
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const field = terms.flatMap((term) => term.matchFields ?? []).find((f) => f.key === 'metadata.name' && f.operator === 'In');
  return field?.values?.length === 1 ? field.values[0] : undefined;
}

/**
 * What a node is to a DaemonSet. `keeps`: a pod that is there may stay, but none is made (a NoSchedule taint came later). Resources do
 * not count: the scheduler looks at them, and a daemon that does not fit stays pending.
 */
export type Eligibility = 'runs' | 'keeps' | 'none';

export function eligibility({ spec }: DaemonSet, node: Node): Eligibility {
  const podSpec = spec?.template.spec ?? { containers: [] };
  if (podSpec.nodeName && podSpec.nodeName !== node.metadata?.name) return 'none';
  if (!fitsNodeAffinity(podSpec, node)) return 'none';
  const tolerations = daemonTolerations(podSpec);
  const untolerated = (node.spec?.taints ?? []).filter((taint) => !tolerates(tolerations, taint));
  if (untolerated.some((taint) => taint.effect === 'NoExecute')) return 'none';
  return untolerated.some((taint) => taint.effect === 'NoSchedule') ? 'keeps' : 'runs';
}
