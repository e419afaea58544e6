import type { FoldMacro } from './ast.ts';
import { type EntrySizes, type Estimate, eitherEntries, exactly, ONE, type Path, product, type Size, sizeIn, times } from './estimate.ts';
import type { CelType } from './types.ts';

/** What making a list or a map costs, and where a macro begins with an empty one. */
const LIST_COST = 10;
const MAP_COST = 30;
const EMPTY: EntrySizes = { key: ONE, value: exactly(0) };

export interface FoldVariable {
  readonly path: Path;
  readonly size: Size | undefined;
}

/** Where a macro's variables come from, of those that a range gives: index or key, and value. */
export function foldVariables(range: Estimate, type: CelType, count: number): readonly FoldVariable[] {
  const { entries, path } = range;
  const isList = type.is === 'list';
  const key = { path: [...path, isList && count === 2 ? '@indices' : '@keys'], size: entries?.key };
  const value = { path: [...path, isList ? '@items' : '@values'], size: entries?.value };
  if (count === 2) return [key, value];
  return [isList ? value : key];
}

/** A macro costs what the loop that cel-go makes of it does: its start, its end, and each turn's test and step. */
export function estimateFold(macro: FoldMacro, range: Estimate, filter: Estimate | undefined, body: Estimate): Estimate {
  const count = sizeIn(range);
  const [start, turn] = costs(macro, body.cost, filter?.cost);
  const loop = range.cost + start + times(count.max, turn);
  if (macro === 'sortBy') {
    const pairs = product(count, count);
    return { cost: loop + LIST_COST + 2 + sortCost(pairs.max), size: pairs, path: [] };
  }
  const makes = RESULTS[macro];
  if (makes === 'bool') return { cost: loop, size: ONE, path: [] };
  const entries = makes === 'list' ? eitherEntries(EMPTY, { key: ONE, value: sizeIn(body) }) : undefined;
  return { cost: loop, size: count, entries, path: [] };
}

const RESULTS = {
  all: 'bool',
  exists: 'bool',
  exists_one: 'bool',
  map: 'list',
  filter: 'list',
  transformList: 'list',
  transformMap: 'map',
  transformMapEntry: 'map',
  sortBy: 'list',
} as const satisfies Record<FoldMacro, string>;

/** Once, and each turn. */
function costs(macro: FoldMacro, body: number, filter: number | undefined): readonly [number, number] {
  const filtered = (step: number) => (filter === undefined ? step : filter + Math.max(step, 1));
  switch (macro) {
    case 'all':
      return [1, body + 3];
    case 'exists':
      return [1, body + 4];
    case 'exists_one':
      return [2, body + 2];
    case 'map':
    case 'filter':
    case 'transformList':
    case 'sortBy':
      return [LIST_COST + 1, filtered(body + LIST_COST + 2)];
    case 'transformMap':
      return [MAP_COST + 1, filtered(body + 3)];
    case 'transformMapEntry':
      return [MAP_COST + 1, filtered(body + 2)];
  }
}

/** Every pair of keys is compared. */
const sortCost = (pairs: number): number => times(pairs, 2) + LIST_COST + 1;
