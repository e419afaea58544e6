import { tolerates } from '../../api/meta/tolerations.ts';
import type { Node } from '../../api/schema/generated/types.ts';
import { Action } from '../framework/cluster-event.ts';
import type { SchedulerPlugin } from '../framework/plugin.ts';
import { refusal } from '../framework/refusal.ts';

const NAME = 'NodeUnschedulable';
const TAINT = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
const REFUSED = refusal(NAME, 'UnschedulableAndUnresolvable', 'node(s) were unschedulable');

/** Cordoned nodes take only pods that tolerate it. */
export const nodeUnschedulable: SchedulerPlugin = {
  name: NAME,
  events: [
    {
      resource: 'nodes',
      actions: Action.add | Action.nodeTaints,
      isHelpful: ({ spec }, { object }) => !(object as Node).spec?.unschedulable || tolerates(spec?.tolerations, TAINT),
    },
    { resource: 'pods/unscheduled', actions: Action.podTolerations, isHelpful: ({ spec }) => tolerates(spec?.tolerations, TAINT) },
  ],
  filter: (_state, { pod }, { isUnschedulable }) => (isUnschedulable && !tolerates(pod.spec?.tolerations, TAINT) ? REFUSED : undefined),
};
