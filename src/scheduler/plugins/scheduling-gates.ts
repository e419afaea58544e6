import { Action } from '../framework/cluster-event.ts';
import type { SchedulerPlugin } from '../framework/plugin.ts';
import { refusal } from '../framework/refusal.ts';

const NAME = 'SchedulingGates';

/** Pods with gates are not looked at (Kubernetes: "Pod Scheduling Readiness"). The API server has written their condition. */
export const schedulingGates: SchedulerPlugin = {
  name: NAME,
  events: [{ resource: 'pods/unscheduled', actions: Action.podGatesGone }],
  preEnqueue({ spec }) {
    const gates = spec?.schedulingGates ?? [];
    if (gates.length === 0) return undefined;
    return refusal(NAME, 'UnschedulableAndUnresolvable', `waiting for scheduling gates: [${gates.map(({ name }) => name).join(' ')}]`);
  },
};
