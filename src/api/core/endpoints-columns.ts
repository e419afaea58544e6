import { type Column, column } from '../define.ts';
import { firstFew, NONE } from '../meta/cells.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { EndpointSubset, Endpoints } from '../schema/generated/types.ts';

const MAX_SHOWN = 3;
const hostPort = (ip: string, port: number) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);

const subsetCells = ({ addresses = [], ports = [] }: EndpointSubset): string[] =>
  ports.length === 0 ? addresses.map((a) => a.ip) : ports.flatMap((p) => addresses.map((a) => hostPort(a.ip, p.port)));

const endpointsCell = ({ subsets = [] }: Endpoints): string =>
  subsets.length === 0 ? NONE : firstFew(subsets.flatMap(subsetCells), MAX_SHOWN);

export const endpointsColumns: readonly Column<Endpoints>[] = [
  nameColumn,
  column('Endpoints', 'string', endpointsCell, { of: 'Endpoints.subsets' }),
  ageColumn,
];
