export type * from '../../../src/api/schema/generated/types.ts';

export interface List<T> {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items: readonly T[];
}
