import { refuse, type SchedulerPlugin } from '../framework.ts';

/** spec.nodeName of a pod that is still to be scheduled is unusual, but upstream checks it. */
export const nodeName: SchedulerPlugin = {
  name: 'NodeName',
  filter: ({ pod }, { node }) =>
    pod.spec?.nodeName && pod.spec.nodeName !== node.metadata?.name
      ? refuse("node(s) didn't match the requested node name", { permanent: true })
      : undefined,
};
