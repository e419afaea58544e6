import { type Column, column } from '../define.ts';
import { NONE, UNKNOWN } from '../meta/cells.ts';
import { ageColumn, nameColumn, wideColumn } from '../meta/columns.ts';
import type { Node } from '../schema/generated/types.ts';

const ROLE_PREFIX = 'node-role.kubernetes.io/';
const ROLE_LABEL = 'kubernetes.io/role';

function statusCell(node: Node): string {
  const ready = node.status?.conditions?.find((c) => c.type === 'Ready');
  const word = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return node.spec?.unschedulable ? `${word},SchedulingDisabled` : word;
}

function rolesCell(node: Node): string {
  const roles = Object.entries(node.metadata?.labels ?? {}).map(([key, value]) => {
    if (key.startsWith(ROLE_PREFIX)) return key.slice(ROLE_PREFIX.length);
    return key === ROLE_LABEL ? value : '';
  });
  return [...new Set(roles.filter(Boolean))].sort().join(',') || NONE;
}

const address = (type: string) => (node: Node) => node.status?.addresses?.find((a) => a.type === type)?.address ?? NONE;

/** `6.1.0 (amd64)`. */
function kernelCell({ status }: Node): string {
  const { kernelVersion, architecture } = status?.nodeInfo ?? {};
  return `${kernelVersion || UNKNOWN}${architecture ? ` (${architecture})` : ''}`;
}

export const nodeColumns: readonly Column<Node>[] = [
  nameColumn,
  column('Status', 'string', statusCell, { description: 'The status of the node' }),
  column('Roles', 'string', rolesCell, { description: 'The roles of the node' }),
  ageColumn,
  column('Version', 'string', (node: Node) => node.status?.nodeInfo?.kubeletVersion ?? '', { of: 'NodeSystemInfo.kubeletVersion' }),
  wideColumn('Internal-IP', 'string', address('InternalIP'), { of: 'NodeStatus.addresses' }),
  wideColumn('External-IP', 'string', address('ExternalIP'), { of: 'NodeStatus.addresses' }),
  wideColumn('OS-Image', 'string', (node: Node) => node.status?.nodeInfo?.osImage || UNKNOWN, { of: 'NodeSystemInfo.osImage' }),
  wideColumn('Kernel-Version', 'string', kernelCell, { of: 'NodeSystemInfo.kernelVersion' }),
  wideColumn('Container-Runtime', 'string', (node: Node) => node.status?.nodeInfo?.containerRuntimeVersion || UNKNOWN, {
    of: 'NodeSystemInfo.containerRuntimeVersion',
  }),
];
