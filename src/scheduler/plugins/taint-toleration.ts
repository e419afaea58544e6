import { tolerates } from '../../api/meta/tolerations.ts';
import { refuse, type SchedulerPlugin } from '../framework.ts';

/** NoSchedule and NoExecute taints refuse; PreferNoSchedule taints cost score. */
export const taintToleration: SchedulerPlugin = {
  name: 'TaintToleration',
  weight: 3,
  normalize: 'reverse',
  filter({ pod }, { node }) {
    const taint = node.spec?.taints?.find((t) => t.effect !== 'PreferNoSchedule' && !tolerates(pod.spec?.tolerations, t));
    if (!taint) return undefined;
    return refuse(`node(s) had untolerated taint(s)`, { permanent: true });
  },
  score: ({ pod }, { node }) =>
    (node.spec?.taints ?? []).filter((t) => t.effect === 'PreferNoSchedule' && !tolerates(pod.spec?.tolerations, t)).length,
};
