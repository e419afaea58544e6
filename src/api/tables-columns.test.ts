import { describe, expect, it } from 'vitest';
import { scaleColumns } from './autoscaling/scale-columns.ts';
import { resourceId } from './define.ts';
import { definitions } from './index.ts';
import type { Column } from './meta/columns.ts';
import { readSchema } from './schema/index.ts';

type AnyColumn = Column<never>;
const tables: readonly (readonly [string, readonly AnyColumn[]])[] = [
  ...definitions
    .filter(({ verbs }) => verbs.includes('get') || verbs.includes('list'))
    .map((d) => [`${resourceId(d)}/${d.version}`, d.columns] as const),
  ['scale', scaleColumns],
];

const line = ({ name, type, format, priority, description, of }: AnyColumn): string =>
  `  ${name}: ${type}${format ? ` (${format})` : ''}${priority ? ` wide ${priority}` : ''}${of ? ` of ${of}` : ''}${description ? ` "${description}"` : ''}`;

describe('the columns of every kind', () => {
  it('are those of upstream, in its order', async () => {
    const text = tables.flatMap(([name, columns]) => [name, ...columns.map(line)]).join('\n');
    await expect(`${text}\n`).toMatchFileSnapshot('golden/columns.txt');
  });

  it.each(tables)('%s: are described by fields that there are', (_name, columns) => {
    const schemaless = new Set(['ObjectMeta.name', 'ObjectMeta.creationTimestamp']);
    for (const { of } of columns) {
      if (!of || schemaless.has(of)) continue;
      const [schema = '', field = ''] = of.split('.');
      expect(readSchema(schema)?.fields.has(field), of).toBe(true);
    }
  });

  const watched = definitions.filter(({ verbs }) => verbs.includes('watch')).map((d) => [resourceId(d), d.columns] as const);

  it.each(watched)('%s: have a cell for an object of which nothing is known but its revision', (_name, columns) => {
    const bookmark = { kind: 'X', metadata: { resourceVersion: '7' } } as never;
    for (const column of columns) expect(['string', 'number', 'boolean'], column.name).toContain(typeof column.value(bookmark, 0));
  });
});
