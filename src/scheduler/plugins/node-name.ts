import { Action } from '../framework/cluster-event.ts';
import type { SchedulerPlugin } from '../framework/plugin.ts';
import { refusal } from '../framework/refusal.ts';

const NAME = 'NodeName';
const REFUSED = refusal(NAME, 'UnschedulableAndUnresolvable', "node(s) didn't match the requested node name");

/** spec.nodeName of a pod that is still to be scheduled is unusual, but upstream checks it. */
export const nodeName: SchedulerPlugin = {
  name: NAME,
  events: [{ resource: 'nodes', actions: Action.add, isHelpful: ({ spec }, { object }) => spec?.nodeName === object.metadata?.name }],
  preFilter: (_state, { pod }) => (pod.spec?.nodeName ? undefined : 'Skip'),
  filter: (_state, { pod }, node) => (pod.spec?.nodeName && pod.spec.nodeName !== node.name ? REFUSED : undefined),
};
