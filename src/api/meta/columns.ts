import { since } from './duration.ts';
import type { KubeObject } from './object.ts';

/** A column of `kubectl get`. Priority 0 is always shown, 1 only with -o wide. */
export interface Column<T> {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  /** `name`, or a format of OpenAPI (`date-time`). */
  readonly format?: string;
  readonly priority: number;
  readonly description: string;
  /** `nowMs` is for ages. Method syntax, so that a definition of Pod is also one of KubeObject. */
  value(object: T, nowMs: number): string | number | boolean | undefined;
}

export function column<T>(
  name: string,
  type: Column<T>['type'],
  value: Column<T>['value'],
  options: { priority?: number; description?: string; format?: 'name' | '' } = {},
): Column<T> {
  return { name, type, value, priority: options.priority ?? 0, description: options.description ?? '', format: options.format ?? '' };
}

const NAME_DESCRIPTION = 'Name must be unique within a namespace. Is required when creating resources.';
const CREATED_DESCRIPTION = 'CreationTimestamp is the server time when this object was created, in RFC 3339, UTC. Set by the system.';

/** The first column of almost every table. */
export const nameColumn: Column<KubeObject> = column('Name', 'string', (o: KubeObject) => o.metadata?.name ?? '', {
  format: 'name',
  description: NAME_DESCRIPTION,
});

/** Age as the server words it: `5m30s`. */
export const ageColumn: Column<KubeObject> = column(
  'Age',
  'string',
  (o: KubeObject, nowMs) => since(o.metadata?.creationTimestamp, nowMs),
  {
    description: CREATED_DESCRIPTION,
  },
);

/** The second column of kinds without a table of their own: the time itself, not an age. */
export const createdAtColumn: Column<KubeObject> = column('Created At', 'date', (o: KubeObject) => o.metadata?.creationTimestamp ?? '', {
  description: CREATED_DESCRIPTION,
});

export const DEFAULT_COLUMNS: readonly Column<KubeObject>[] = [nameColumn, createdAtColumn];

/** A column that only -o wide shows. */
export const wideColumn = <T>(name: string, type: Column<T>['type'], value: Column<T>['value'], description = ''): Column<T> =>
  column(name, type, value, { priority: 1, description });
