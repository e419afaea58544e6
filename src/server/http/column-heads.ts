import { scaleColumns } from '../../api/autoscaling/scale-columns.ts';
import type { ResourceDefinition } from '../../api/define.ts';
import { definitions } from '../../api/index.ts';
import type { Column } from '../../api/meta/columns.ts';

/** What rows are made of. */
export type TableSource = Pick<ResourceDefinition, 'columns' | 'rows'>;

/** A TableColumnDefinition of meta.k8s.io. */
export interface ColumnHead {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

/** The texts of some fields, each named `Schema.field`. Fields without one are left out. */
export type FieldTexts = (fields: readonly string[]) => Promise<ReadonlyMap<string, string>>;

export type ColumnHeads = (source: TableSource) => Promise<readonly ColumnHead[]>;

const fieldsOf = (columns: TableSource['columns']): string[] => columns.flatMap(({ of }) => (of ? [of] : []));

/** The heads of tables, made once a kind. Texts are read at the first table: those of the built-in kinds' columns, which are all that custom kinds use too. */
export function createColumnHeads(texts: FieldTexts): ColumnHeads {
  let reading: Promise<ReadonlyMap<string, string>> | undefined;
  const made = new WeakMap<TableSource['columns'], readonly ColumnHead[]>();
  return async ({ columns }) => {
    const known = made.get(columns);
    if (known) return known;
    reading ??= texts([...new Set([...definitions.map(({ columns }) => columns), scaleColumns].flatMap(fieldsOf))]);
    const read = await reading;
    const heads = columns.map((column) => headOf(column, read));
    made.set(columns, heads);
    return heads;
  };
}

const headOf = ({ name, type, format = '', description, of, priority }: Column<never>, texts: ReadonlyMap<string, string>): ColumnHead => ({
  name,
  type,
  format,
  description: description || (of && texts.get(of)) || '',
  priority,
});
