import { since } from './duration.ts';
import type { KubeObject } from './object.ts';

/** A column of `kubectl get`. Priority 0 is always shown, 1 only with -o wide. */
export interface Column<T> {
  readonly name: string;
  /** What upstream declares, which is not always what the cells are. */
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  /** `name`, or a format of OpenAPI (`date-time`). */
  readonly format?: string;
  readonly priority: number;
  readonly description: string;
  /** `Schema.field` whose text describes the column, where it has no words of its own. */
  readonly of?: string;
  /** `nowMs` is for ages. Method syntax, so that a definition of Pod is also one of KubeObject. The object may be a bookmark: nothing but metadata. */
  value(object: T, nowMs: number): string | number | bigint | boolean | undefined;
}

export interface RowCondition {
  readonly type: 'Completed';
  readonly status: 'True';
  readonly reason: string;
  readonly message: string;
}

/** What tables of a kind do besides showing cells. Method syntax for the same reason as Column.value. */
export interface RowRules<T> {
  conditions?(object: T): readonly RowCondition[] | undefined;
  /** Cells after those of the columns, which have no heading. */
  readonly unheaded?: readonly Column<T>[];
  /** The order of lists. Absent: as they are listed. */
  compare?(a: T, b: T): number;
}

interface ColumnOptions {
  readonly priority?: number;
  readonly description?: string;
  readonly of?: string;
  readonly format?: string;
}

export function column<T>(name: string, type: Column<T>['type'], value: Column<T>['value'], options: ColumnOptions = {}): Column<T> {
  const { priority = 0, description = '', format = '', of } = options;
  return { name, type, value, priority, description, format, ...(of && { of }) };
}

/** The first column of almost every table. */
export const nameColumn: Column<KubeObject> = column('Name', 'string', (o: KubeObject) => o.metadata?.name ?? '', {
  format: 'name',
  of: 'ObjectMeta.name',
});

const CREATED = 'ObjectMeta.creationTimestamp';

/** Age as the server words it: `5m30s`. */
export const ageColumn: Column<KubeObject> = column(
  'Age',
  'string',
  (o: KubeObject, nowMs) => since(o.metadata?.creationTimestamp, nowMs),
  { of: CREATED },
);

/** Go's zero time. */
const NEVER = '0001-01-01T00:00:00Z';

/** The second column of kinds without a table of their own: the time itself, not an age. */
export const createdAtColumn: Column<KubeObject> = column('Created At', 'date', (o: KubeObject) => o.metadata?.creationTimestamp || NEVER, {
  of: CREATED,
});

export const DEFAULT_COLUMNS: readonly Column<KubeObject>[] = [nameColumn, createdAtColumn];

/** A column that only -o wide shows. */
export const wideColumn = <T>(
  name: string,
  type: Column<T>['type'],
  value: Column<T>['value'],
  options: Omit<ColumnOptions, 'priority'> = {},
): Column<T> => column(name, type, value, { ...options, priority: 1 });
