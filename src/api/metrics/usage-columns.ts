import { addQuantities, formatQuantity, parseQuantity } from '../../base/quantity.ts';
import { type Column, column } from '../define.ts';
import { nameColumn } from '../meta/columns.ts';
import type { KubeObject } from '../meta/object.ts';

type Usage = Readonly<Record<string, string>>;

const total = (usages: readonly Usage[], resource: string): string => {
  const amounts = usages.map((usage) => parseQuantity(usage[resource] ?? '0'));
  return formatQuantity(amounts.reduce(addQuantities, parseQuantity('0')));
};

/** Columns of metrics-server: each resource in all, and over which time. */
export const usageColumns = <T extends KubeObject & { readonly window?: string }>(
  usagesOf: (object: T) => readonly Usage[],
): Column<T>[] => [
  { ...(nameColumn as Column<T>), of: undefined, description: 'Name of the resource' },
  column('cpu', 'string', (object: T) => total(usagesOf(object), 'cpu'), { format: 'quantity' }),
  column('memory', 'string', (object: T) => total(usagesOf(object), 'memory'), { format: 'quantity' }),
  column('Window', 'string', (object: T) => object.window ?? '', { format: 'duration' }),
];
