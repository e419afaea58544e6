import { pruneUnknown } from '../../api/schema/index.ts';
import { canonical } from './template-hash-plan.ts';

/** As the server stores it: without zeros that say nothing. */
const asStored = <T extends object>(value: T, schema: string): T => pruneUnknown(value, schema).object;

/** Would the server store `wanted` as what is there already? Parts that an earlier version of the server stored may still have their zeros. */
export function isStored(wanted: object, stored: object | undefined, schema: string): boolean {
  const text = canonical(asStored(wanted, schema));
  return stored !== undefined && (text === canonical(stored) || text === canonical(asStored(stored, schema)));
}
