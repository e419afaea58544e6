import { labelValueFindings } from '../meta/names.ts';
import type { LabelSelector } from '../meta/object.ts';
import type { NodeSelectorTerm } from '../schema/generated/types.ts';

/** Labels of nodes that have other names by now, or nobody heeds (kubernetes, pkg/api/node/util.go). */
const LABELS: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  'app.kubernetes.io/created-by': 'deprecated since v1.9',
  'scheduler.alpha.kubernetes.io/preferAvoidPods': 'deprecated since v1.22; use Taints and Tolerations instead',
  'node-role.kubernetes.io/master': 'use "node-role.kubernetes.io/control-plane" instead',
};

export const nodeLabelWarning = (path: string, key: string): string[] => (LABELS[key] === undefined ? [] : [`${path}: ${LABELS[key]}`]);

/** Names the label, too. */
export const nodeKeyWarning = (path: string, key: string): string[] =>
  LABELS[key] === undefined ? [] : [`${path}: ${key} is ${LABELS[key]}`];

/** `values`: are those looked at as well? */
export const nodeTermWarnings = (
  path: string,
  term: Pick<NodeSelectorTerm, 'matchExpressions'> | undefined,
  { values: withValues = false } = {},
): string[] =>
  (term?.matchExpressions ?? []).flatMap(({ key, values = [] }, i) => [
    ...nodeKeyWarning(`${path}.matchExpressions[${i}].key`, key),
    ...(withValues ? values : []).flatMap((value, v) =>
      labelValueFindings(value).map((finding) => `${path}.matchExpressions[${i}].values[${v}]: ${value} is invalid, ${finding}`),
    ),
  ]);

export const nodeSelectorWarnings = (path: string, selector: LabelSelector | undefined): string[] => [
  ...nodeTermWarnings(path, selector as Pick<NodeSelectorTerm, 'matchExpressions'> | undefined),
  ...Object.keys(selector?.matchLabels ?? {}).flatMap((key) => nodeLabelWarning(`${path}.matchLabels.${key}`, key)),
];
