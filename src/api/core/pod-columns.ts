import { type Column, column } from '../define.ts';
import { NONE } from '../meta/cells.ts';
import { ageColumn, nameColumn, type RowRules, wideColumn } from '../meta/columns.ts';
import type { Pod } from '../schema/generated/types.ts';
import { restartsCell, summarizePod } from './pod-status-cell.ts';

function readinessGatesCell(pod: Pod): string {
  const gates = pod.spec?.readinessGates ?? [];
  if (gates.length === 0) return NONE;
  const open = gates.filter((g) => pod.status?.conditions?.some((c) => c.type === g.conditionType && c.status === 'True'));
  return `${open.length}/${gates.length}`;
}

function readyCell(pod: Pod): string {
  const { ready, total } = summarizePod(pod);
  return `${ready}/${total}`;
}

const COMPLETED: Readonly<Record<string, string>> = { Succeeded: 'The pod has completed successfully.', Failed: 'The pod failed.' };

/** Rows of pods that are over say so: clients may leave them out. */
export const podRows: RowRules<Pod> = {
  conditions({ status }) {
    const reason = status?.phase ?? '';
    const message = COMPLETED[reason];
    return message ? [{ type: 'Completed', status: 'True', reason, message }] : undefined;
  },
};

export const podColumns: readonly Column<Pod>[] = [
  nameColumn,
  column('Ready', 'string', readyCell, { description: 'The aggregate readiness state of this pod for accepting traffic.' }),
  column('Status', 'string', (pod: Pod) => summarizePod(pod).status, {
    description: 'The aggregate status of the containers in this pod.',
  }),
  column('Restarts', 'string', (pod: Pod, nowMs) => restartsCell(summarizePod(pod), nowMs), {
    description:
      'The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.',
  }),
  ageColumn,
  wideColumn('IP', 'string', (pod: Pod) => pod.status?.podIPs?.[0]?.ip || pod.status?.podIP || NONE, { of: 'PodStatus.podIP' }),
  wideColumn('Node', 'string', (pod: Pod) => pod.spec?.nodeName || NONE, { of: 'PodSpec.nodeName' }),
  wideColumn('Nominated Node', 'string', (pod: Pod) => pod.status?.nominatedNodeName || NONE, { of: 'PodStatus.nominatedNodeName' }),
  wideColumn('Readiness Gates', 'string', readinessGatesCell, { of: 'PodSpec.readinessGates' }),
];
