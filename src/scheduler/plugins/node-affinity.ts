import { fitsNodeAffinity, matchesNodeSelectorTerm } from '../../api/meta/node-selector.ts';
import { refuse, type SchedulerPlugin } from '../framework.ts';

/** spec.nodeSelector and spec.affinity.nodeAffinity. */
export const nodeAffinity: SchedulerPlugin = {
  name: 'NodeAffinity',
  weight: 2,
  normalize: 'highest',
  filter: ({ pod }, { node }) =>
    fitsNodeAffinity(pod.spec ?? {}, node) ? undefined : refuse("node(s) didn't match Pod's node affinity/selector", { permanent: true }),
  score({ pod }, { node }) {
    const preferred = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    return preferred.reduce((sum, { weight, preference }) => (matchesNodeSelectorTerm(node, preference) ? sum + weight : sum), 0);
  },
};
