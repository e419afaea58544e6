import { sortedFields } from '../../base/sorted-fields.ts';
import { compileJsonPath, type JsonPath, JsonPathError } from '../crd-schema/index.ts';
import { UNKNOWN } from '../meta/cells.ts';
import { type Column, column, createdAtColumn, nameColumn } from '../meta/columns.ts';
import { humanDuration } from '../meta/duration.ts';
import { goNumber } from '../meta/go-number.ts';
import type { KubeObject } from '../meta/object.ts';
import { goJson } from '../patch/apply/index.ts';
import type { CustomResourceColumnDefinition } from '../schema/generated/types.ts';

type Cell = string | number | bigint | boolean | undefined;

const AGE: CustomResourceColumnDefinition = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

/** The name and what the definition adds; its age when it adds nothing. Source: Kubernetes, "CustomResourceDefinitions" (additional printer columns). */
export function customColumns(columns: readonly CustomResourceColumnDefinition[] | undefined): readonly Column<KubeObject>[] {
  if (columns && columns.length > 0) return [nameColumn, ...readableColumns(columns)];
  return [nameColumn, { ...toColumn(AGE), description: '', of: createdAtColumn.of }];
}

/** Up to the first whose path cannot be read: upstream ends there. */
function readableColumns(columns: readonly CustomResourceColumnDefinition[]): Column<KubeObject>[] {
  const unreadable = columns.findIndex(({ jsonPath }) => !compiled(jsonPath));
  return columns.slice(0, unreadable < 0 ? undefined : unreadable).map(toColumn);
}

/** undefined: it cannot be read. */
function compiled(text: string): JsonPath | undefined {
  try {
    return compileJsonPath(text);
  } catch (error) {
    if (error instanceof JsonPathError) return undefined;
    throw error;
  }
}

function toColumn({ name, type, format, jsonPath, priority = 0, description }: CustomResourceColumnDefinition): Column<KubeObject> {
  const read = pathOf(jsonPath);
  const cell = CELLS[type] ?? CELLS.string;
  const text = description || `Custom resource definition column (in JSONPath format): ${jsonPath}`;
  const value = (object: KubeObject, nowMs: number) => {
    const [first] = read(object);
    return first === undefined ? undefined : cell?.(first, nowMs);
  };
  return { ...column<KubeObject>(name, type as Column<KubeObject>['type'], value, { priority, description: text }), format: format ?? '' };
}

/** A path that cannot be read leads to nothing: the definition was let in with it. */
export const pathOf = (text: string): JsonPath => compiled(text) ?? (() => []);

/** As Go makes integers of floats: what does not fit becomes the least of all. */
const toInt64 = (value: number): number | bigint => (Math.abs(value) < 2 ** 63 ? Math.trunc(value) : -(2n ** 63n));

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** As the server prints what a column's path leads to. Columns of text show anything, the others nothing that is not of their type. */
const CELLS: Readonly<Record<string, (value: unknown, nowMs: number) => Cell>> = {
  integer: (value) => (typeof value === 'number' ? toInt64(value) : typeof value === 'bigint' ? value : undefined),
  number: (value) => (typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : undefined),
  boolean: (value) => (typeof value === 'boolean' ? value : undefined),
  string(value) {
    if (value === null) return '<no value>';
    if (typeof value === 'object') return goJson(sortedFields(value));
    return typeof value === 'number' ? goNumber(value) : String(value);
  },
  date(value, nowMs) {
    if (typeof value !== 'string') return undefined;
    if (value === '' || value === 'null') return UNKNOWN;
    return RFC3339.test(value) && !Number.isNaN(Date.parse(value)) ? humanDuration(nowMs - Date.parse(value)) : '<invalid>';
  },
};
