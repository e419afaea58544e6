import type { Hooks } from '../define.ts';
import type { Node, NodeSpec } from '../schema/generated/types.ts';
import { firstOfMany } from './first-of-many.ts';
import { checkNode, checkNodeUpdate } from './validation-node.ts';

function defaultRanges(spec: NodeSpec): void {
  const { one, many } = firstOfMany(spec.podCIDR, spec.podCIDRs);
  if (one !== '' && one !== spec.podCIDR) spec.podCIDR = one;
  if (many !== spec.podCIDRs && many.length > 0) spec.podCIDRs = [...many];
}

export const nodeHooks: Hooks<Node> = {
  /** A node without reservations allocates all that it has. */
  defaults({ spec, status }) {
    if (spec) defaultRanges(spec);
    if (status?.capacity && !status.allocatable) status.allocatable = { ...status.capacity };
  },
  checksRequired: true,
  validate: checkNode,
  validateUpdate: checkNodeUpdate,
  validateStatus: checkNodeUpdate,
};
