import { type Column, column } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { Scale } from '../schema/generated/types.ts';

const desired = ({ spec }: Scale) => spec?.replicas ?? 0;
const available = ({ status }: Scale) => status?.replicas ?? 0;

/** The table of autoscaling/v1 Scale, which is no resource of its own. */
export const scaleColumns: readonly Column<Scale>[] = [
  { ...nameColumn, format: '' },
  column('Desired', 'integer', desired, { of: 'ScaleSpec.replicas' }),
  column('Available', 'integer', available, { of: 'ScaleStatus.replicas' }),
  ageColumn,
];

/** The same of a custom resource, whatever columns that has. */
export const customScaleColumns: readonly Column<Scale>[] = [
  nameColumn,
  column('Desired', 'integer', desired, { description: 'Number of desired replicas' }),
  column('Available', 'integer', available, { description: 'Number of actual replicas' }),
  { ...ageColumn, type: 'date' },
];
