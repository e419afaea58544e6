import { type Column, column } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { Scale } from '../schema/generated/types.ts';

/** The table of autoscaling/v1 Scale, which is no resource of its own. */
export const scaleColumns: readonly Column<Scale>[] = [
  { ...nameColumn, format: '' },
  column('Desired', 'integer', ({ spec }: Scale) => spec?.replicas ?? 0, { of: 'ScaleSpec.replicas' }),
  column('Available', 'integer', ({ status }: Scale) => status?.replicas ?? 0, { of: 'ScaleStatus.replicas' }),
  ageColumn,
];
