import type { Column } from '../define.ts';
import { wideColumn } from '../meta/columns.ts';
import type { PodSpec } from '../schema/generated/types.ts';

/** What -o wide adds for everything that makes pods from a template. */
export const templateColumns = <T>(spec: (object: T) => PodSpec | undefined): [Column<T>, Column<T>] => [
  wideColumn('Containers', 'string', (o: T) => names(spec(o)), { description: 'Names of each container in the template.' }),
  wideColumn('Images', 'string', (o: T) => images(spec(o)), { description: 'Images referenced by each container in the template.' }),
];

export const names = (spec: PodSpec | undefined): string => (spec?.containers ?? []).map((c) => c.name).join(',');
export const images = (spec: PodSpec | undefined): string => (spec?.containers ?? []).map((c) => c.image ?? '').join(',');
