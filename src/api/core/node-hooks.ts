import type { Hooks } from '../define.ts';
import { cidrWarnings } from '../meta/address-warnings.ts';
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
  warnings: ({ spec }) => [
    ...(spec?.externalID ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes'] : []),
    ...(spec?.podCIDRs ?? []).flatMap((range, i) => cidrWarnings(`spec.podCIDRs[${i}]`, range)),
  ],
  checksRequired: true,
  validate: checkNode,
  validateUpdate: checkNodeUpdate,
  validateStatus: checkNodeUpdate,
};
