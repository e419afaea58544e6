import { tolerates } from '../../api/meta/tolerations.ts';
import type { Node, Pod, Taint } from '../../api/schema/generated/types.ts';
import { Action } from '../framework/cluster-event.ts';
import { reverseToMaximum } from '../framework/normalize.ts';
import { type SchedulerPlugin, SKIP } from '../framework/plugin.ts';
import { refusal } from '../framework/refusal.ts';

const NAME = 'TaintToleration';
const REFUSED = refusal(NAME, 'UnschedulableAndUnresolvable', 'node(s) had untolerated taint(s)');

const isHard = ({ effect }: Taint) => effect === 'NoSchedule' || effect === 'NoExecute';

function isTolerated({ spec }: Pod, node: Node): boolean {
  const taints = node.spec?.taints;
  return !taints || taints.every((taint) => !isHard(taint) || tolerates(spec?.tolerations, taint));
}

const softTaints = ({ spec }: Node) => (spec?.taints ?? []).filter(({ effect }) => effect === 'PreferNoSchedule');

/** NoSchedule and NoExecute taints refuse; PreferNoSchedule taints cost score. */
export const taintToleration: SchedulerPlugin = {
  name: NAME,
  events: [
    {
      resource: 'nodes',
      actions: Action.add | Action.nodeTaints,
      isHelpful: (pod, { object, previous }) => isTolerated(pod, object as Node) && !(previous && isTolerated(pod, previous as Node)),
    },
    { resource: 'pods/unscheduled', actions: Action.podTolerations },
  ],
  filter: (_state, { pod }, { hasHardTaints, node }) => (hasHardTaints && !isTolerated(pod, node) ? REFUSED : undefined),
  preScore: (_state, _pod, nodes) => (nodes.some(({ hasSoftTaints }) => hasSoftTaints) ? undefined : SKIP),
  score(_state, { pod }, { hasSoftTaints, node }) {
    if (!hasSoftTaints) return 0;
    // Upstream counts only tolerations that could mean this effect.
    const tolerations = pod.spec?.tolerations?.filter(({ effect }) => !effect || effect === 'PreferNoSchedule');
    return softTaints(node).filter((taint) => !tolerates(tolerations, taint)).length;
  },
  normalizeScores: (_state, _pod, scores) => reverseToMaximum(scores),
};
