import type { Hooks } from '../define.ts';
import type { Node } from '../schema/generated/types.ts';
import { checkTaints } from './validation-scheduling.ts';

export const nodeHooks: Hooks<Node> = {
  /** A node without reservations allocates all that it has. */
  defaults({ status }) {
    if (status?.capacity && !status.allocatable) status.allocatable = { ...status.capacity };
  },
  validate: (node) => checkTaints('spec.taints', node.spec?.taints),
};
