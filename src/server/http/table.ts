import type { KubeObject } from '../../api/meta/object.ts';
import { ApiError } from '../../api/meta/status.ts';
import { isInitialEnd } from '../registry/watch.ts';
import type { MetaVersion } from './accept.ts';
import type { ColumnHead, TableSource } from './column-heads.ts';

export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** meta.k8s.io Table: what `kubectl get` prints. */
export interface Table {
  readonly kind: 'Table';
  readonly apiVersion: string;
  readonly metadata: object;
  readonly columnDefinitions: readonly ColumnHead[] | null;
  readonly rows: readonly object[];
}

const INCLUDED = "must be 'Metadata', 'Object', 'None', or empty";

export function includeObject(text: string | null): IncludeObject {
  if (text === null || text === '') return 'Metadata';
  if (text === 'None' || text === 'Metadata' || text === 'Object') return text;
  throw new ApiError(
    'BadRequest',
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(text)}: ${INCLUDED}`,
  );
}

export interface TableOptions {
  readonly source: TableSource;
  /** null: later events of a watch leave out what the first one said. */
  readonly heads: readonly ColumnHead[] | null;
  readonly include: IncludeObject;
  readonly version: MetaVersion;
  readonly nowMs: number;
}

export function tableOf(objects: readonly KubeObject[], metadata: object, { source, heads, include, version, nowMs }: TableOptions): Table {
  const { rows } = source;
  const columns = [...source.columns, ...(rows?.unheaded ?? [])];
  const shown = rows?.compare ? objects.toSorted(rows.compare) : objects;
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions: heads,
    rows: shown.map((object) => {
      const conditions = rows?.conditions?.(object);
      return {
        cells: columns.map((column) => column.value(object, nowMs) ?? null),
        ...(conditions && { conditions }),
        object: includedOf(object, include, version),
      };
    }),
  };
}

/** Watchers know by one bookmark that they were told of all that there was, so its row carries it whatever was asked for. */
function includedOf(object: KubeObject, include: IncludeObject, version: MetaVersion): KubeObject | null {
  if (include === 'Object') return object;
  if (include === 'Metadata' || isInitialEnd(object)) return partialOf(object, version);
  return null;
}

export const partialOf = ({ metadata }: KubeObject, version: MetaVersion): KubeObject => ({
  kind: 'PartialObjectMetadata',
  apiVersion: `meta.k8s.io/${version}`,
  metadata,
});
