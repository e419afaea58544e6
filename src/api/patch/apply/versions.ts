import type { ApplyType } from './apply-type.ts';
import type { FieldSet } from './field-set.ts';

/** An object as one version shows it. */
export interface Versioned<T extends object = object> {
  readonly apiVersion: string;
  readonly object: T;
  readonly type: ApplyType;
}

/** What the engine must know of the resource that is written. */
export interface Versions {
  /** The same object in another version. undefined: there is none of that name (any more). */
  convert(object: Versioned, apiVersion: string): Versioned | undefined;
  /** Of the fields that a request changes, those that it can own: not status for the object itself, nothing but status for `status`. */
  owned(fields: FieldSet): FieldSet;
}

/** An object in any version that is asked for, each made once. */
export class VersionedObject {
  readonly original: Versioned;
  readonly #versions: Versions;
  readonly #made = new Map<string, Versioned | undefined>();

  constructor(original: Versioned, versions: Versions) {
    this.original = original;
    this.#versions = versions;
    this.#made.set(original.apiVersion, original);
  }

  in(apiVersion: string): Versioned | undefined {
    if (!this.#made.has(apiVersion)) this.#made.set(apiVersion, this.#versions.convert(this.original, apiVersion));
    return this.#made.get(apiVersion);
  }
}
