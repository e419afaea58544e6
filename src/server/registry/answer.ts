import type { ResourceDefinition } from '../../api/define.ts';
import { apiVersionOf } from '../../api/define.ts';
import type { KubeList, KubeObject } from '../../api/meta/object.ts';
import type { Status } from '../../api/meta/status.ts';
import type { Cached } from '../../store/watch-cache/collection.ts';

/** A page of a list, its items still as the cache holds them: bytes for the wire, objects for callers in process. */
export interface ListAnswer {
  readonly kind: 'list';
  readonly definition: ResourceDefinition;
  readonly items: readonly Cached<KubeObject>[];
  readonly revision: number;
  readonly continue?: string;
  readonly remaining?: number;
}

interface Done {
  readonly created?: boolean;
  /** A deletion that goes on after the answer, of one who knows that by the code: others are told that all is well (apiserver's DeleteResource). */
  readonly accepted?: boolean;
}

/** What the registry answers to every verb but watch. */
export type Answer =
  | ({ readonly kind: 'item'; readonly definition: ResourceDefinition; readonly item: Cached<KubeObject> } & Done)
  /** An object that is not in the cache: a dry run, a Scale, a virtual kind. */
  | ({ readonly kind: 'object'; readonly object: KubeObject | KubeList } & Done)
  | ListAnswer
  | { readonly kind: 'status'; readonly status: Status };

/** List metadata as KubeList has it; absent fields are left out. */
export const listMetadata = (answer: ListAnswer): KubeList['metadata'] => ({
  resourceVersion: String(answer.revision),
  ...(answer.continue && { continue: answer.continue }),
  ...(answer.remaining && { remainingItemCount: answer.remaining }),
});

/** The answer as an object, for callers in process. */
export function answerObject(answer: Answer): KubeObject | KubeList | Status {
  if (answer.kind === 'item') return answer.item.object;
  if (answer.kind === 'object') return answer.object;
  if (answer.kind === 'status') return answer.status;
  return {
    apiVersion: apiVersionOf(answer.definition),
    kind: answer.definition.listKind,
    metadata: listMetadata(answer),
    items: answer.items.map((item) => item.object),
  };
}

export const success = (details: Status['details']): Status => ({
  apiVersion: 'v1',
  kind: 'Status',
  metadata: {},
  status: 'Success',
  ...(details && { details }),
});
