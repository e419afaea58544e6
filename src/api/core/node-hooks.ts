import type { Hooks } from '../define.ts';
import type { Node } from '../schema/generated/types.ts';
import { checkNode, checkNodeUpdate } from './validation-node.ts';

export const nodeHooks: Hooks<Node> = {
  /** A node without reservations allocates all that it has. */
  defaults({ status }) {
    if (status?.capacity && !status.allocatable) status.allocatable = { ...status.capacity };
  },
  checksRequired: true,
  validate: checkNode,
  validateUpdate: checkNodeUpdate,
};
