import type { CelType } from './types.ts';

/**
 * What an expression costs at most, before it runs: cel-go's estimate (checker/cost.go) with Kubernetes' sizes, to the unit, since it decides which
 * rules a CustomResourceDefinition may have (KEP-2876). That includes where upstream is generous: the keys of maps, and what is iterated over after
 * it was computed, have the sizes that its look-up by path finds, which may be none at all.
 */
export interface Estimate {
  /** Infinity: without bound. */
  readonly cost: number;
  /** Of the result: characters, bytes, items or entries. undefined: nobody knows. */
  readonly size?: Size;
  /** Of what is in the result. */
  readonly entries?: EntrySizes;
  /** How the result is reached from a variable: names, `@items`, `@keys`, `@values`. */
  readonly path: Path;
}

export interface Size {
  readonly min: number;
  readonly max: number;
}

export interface EntrySizes {
  readonly key: Size;
  readonly value: Size;
}

export type Path = readonly string[];

/** How many elements the value of a variable, and what is in it, can have at most. 0 for what has none. */
export interface DeclaredSizes {
  readonly max: number;
  /** Keyed as expressions write them. */
  readonly fields?: Readonly<Record<string, DeclaredSizes>>;
  /** Of fields that are not told one by one. */
  readonly others?: DeclaredSizes;
  /** Of lists and maps. */
  readonly items?: DeclaredSizes;
  readonly keys?: DeclaredSizes;
}

/** The most elements that a value at a path can have, by its declaration; undefined: nothing is declared. */
export type SizeAt = (path: Path) => number | undefined;

/** All variables share one declaration: `self` and `oldSelf` are of one type. */
export const declaredAt =
  (root: DeclaredSizes | undefined): SizeAt =>
  (path) =>
    path.slice(1).reduce<DeclaredSizes | undefined>((place, name) => place && inside(place, name), root)?.max;

function inside({ fields, others, items, keys }: DeclaredSizes, name: string): DeclaredSizes | undefined {
  if (name === '@items' || name === '@values') return items;
  if (name === '@keys') return keys;
  return fields && Object.hasOwn(fields, name) ? fields[name] : others;
}

export const UNKNOWN: Size = { min: 0, max: Number.POSITIVE_INFINITY };
/** Of values without elements. */
export const ONE: Size = { min: 1, max: 1 };

export const exactly = (size: number): Size => ({ min: size, max: size });
export const plus = (a: Size, b: Size): Size => ({ min: a.min + b.min, max: a.max + b.max });
export const either = (a: Size, b: Size): Size => ({ min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) });
export const product = (a: Size, b: Size): Size => ({ min: times(a.min, b.min), max: times(a.max, b.max) });
/** Nothing without bound is nothing. */
export const times = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : a * b);
/** Of a share of each element, rounded up. */
export const share = (elements: number, factor: number): number => Math.ceil(elements * factor);

const SCALARS = new Set(['bool', 'int', 'uint', 'double', 'google.protobuf.Timestamp', 'google.protobuf.Duration']);
const isScalar = (type: CelType): boolean =>
  type.is === 'optional' ? isScalar(type.value) : type.is === 'named' && SCALARS.has(type.name);

/** What the declaration says of a place comes before what the type says, and that before what was found on the way. */
export function sizeOfPlace(path: Path, type: CelType, sizeAt: SizeAt, found: Size | undefined): Size | undefined {
  const declared = path.length === 0 ? undefined : sizeAt(path);
  if (declared !== undefined) return { min: 0, max: declared };
  return isScalar(type) ? ONE : found;
}

export const sizeIn = ({ size }: Estimate): Size => size ?? UNKNOWN;

export function eitherEntries(a: EntrySizes | undefined, b: EntrySizes | undefined): EntrySizes | undefined {
  return a && b ? { key: either(a.key, b.key), value: either(a.value, b.value) } : (a ?? b);
}

export const sumOf = (estimates: readonly Estimate[]): number => estimates.reduce((sum, { cost }) => sum + cost, 0);
