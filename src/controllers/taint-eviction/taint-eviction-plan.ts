import { toleratesTaint } from '../../api/meta/tolerations.ts';
import type { Node, Pod, Taint } from '../../api/schema/generated/types.ts';

export const evictingTaints = (node: Node | undefined): readonly Taint[] =>
  node?.spec?.taints?.filter((t) => t.effect === 'NoExecute') ?? [];

/**
 * For how long a pod stays on a node with these NoExecute taints (Kubernetes: "Taint based evictions"), in milliseconds from when that began;
 * undefined: for ever. Of each taint the first toleration that matches counts, and of those the shortest `tolerationSeconds`.
 */
export function staysForMs(pod: Pod, taints: readonly Taint[]): number | undefined {
  const used = taints.map((taint) => pod.spec?.tolerations?.find((toleration) => toleratesTaint(toleration, taint)));
  if (used.includes(undefined)) return 0;
  const seconds = used.flatMap((toleration) => (toleration?.tolerationSeconds === undefined ? [] : [Number(toleration.tolerationSeconds)]));
  return seconds.length > 0 ? Math.max(0, Math.min(...seconds)) * 1000 : undefined;
}
