import type { GroupVersionKind } from './definition-names.ts';
import type { Parameter } from './parameters.ts';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete' | 'head' | 'options';

/** One method on one path, independent of the version of OpenAPI. Bodies are named by our schemas. */
export interface Operation {
  readonly method: Method;
  /** `x-kubernetes-action`; undefined for discovery. */
  readonly action?: string;
  readonly id: string;
  readonly tag: string;
  /** undefined for discovery. */
  readonly kind?: GroupVersionKind;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly body: { readonly is: 'none' } | { readonly is: 'patch' } | { readonly is: 'schema'; readonly schema: string };
  /** undefined: text or a stream. */
  readonly answer: string | undefined;
  readonly codes: readonly number[];
  /** Media types of bodies and of answers. */
  readonly consumes: readonly string[];
  readonly produces: readonly string[];
}

export interface PathOperations {
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly operations: readonly Operation[];
}
