import { tolerates } from '../../api/meta/tolerations.ts';
import { refuse, type SchedulerPlugin } from '../framework.ts';

const UNSCHEDULABLE = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/** Cordoned nodes take only pods that tolerate it. */
export const nodeUnschedulable: SchedulerPlugin = {
  name: 'NodeUnschedulable',
  filter: ({ pod }, { node }) =>
    node.spec?.unschedulable && !tolerates(pod.spec?.tolerations, UNSCHEDULABLE)
      ? refuse('node(s) were unschedulable', { permanent: true })
      : undefined,
};
