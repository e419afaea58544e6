import type { ResourceDefinition } from '../../api/define.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { ApiError } from '../../api/meta/status.ts';

export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** meta.k8s.io/v1 Table: what `kubectl get` prints. */
export interface Table {
  readonly kind: 'Table';
  readonly apiVersion: 'meta.k8s.io/v1';
  readonly metadata: object;
  readonly columnDefinitions: readonly object[];
  readonly rows: readonly object[];
}

export function includeObject(text: string | null): IncludeObject {
  if (text === null || text === '') return 'Metadata';
  if (text === 'None' || text === 'Metadata' || text === 'Object') return text;
  throw new ApiError('BadRequest', `Invalid value: "${text}": includeObject must be one of None, Metadata, Object`);
}

export interface TableOptions {
  readonly definition: ResourceDefinition;
  readonly include: IncludeObject;
  readonly nowMs: number;
  /** Later events of a watch leave out what the first one said. */
  readonly headers: boolean;
}

export function tableOf(objects: readonly KubeObject[], metadata: object, { definition, include, nowMs, headers }: TableOptions): Table {
  const { columns } = definition;
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: headers
      ? columns.map(({ name, type, format = '', description, priority }) => ({ name, type, format, description, priority }))
      : [],
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.value(object, nowMs) ?? null),
      ...(include !== 'None' && { object: include === 'Object' ? object : partialOf(object) }),
    })),
  };
}

export const partialOf = ({ metadata }: KubeObject): KubeObject => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata,
});
