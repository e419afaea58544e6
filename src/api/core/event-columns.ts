import { type Column, column } from '../define.ts';
import { wideColumn } from '../meta/columns.ts';
import { since } from '../meta/duration.ts';
import type { Event } from '../schema/generated/types.ts';

const firstSeen = (event: Event, nowMs: number) => since(event.firstTimestamp ?? event.eventTime, nowMs);

function lastSeen(event: Event, nowMs: number): string {
  if (event.series) return since(event.series.lastObservedTime, nowMs);
  return event.lastTimestamp ? since(event.lastTimestamp, nowMs) : firstSeen(event, nowMs);
}

function objectCell({ involvedObject }: Event): string {
  const { kind = '', name } = involvedObject ?? {};
  return name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase();
}

function sourceCell(event: Event): string {
  const component = event.source?.component || event.reportingComponent || '';
  const instance = event.source?.host || event.reportingInstance || '';
  return instance ? `${component}, ${instance}` : component;
}

export const eventColumns: readonly Column<Event>[] = [
  column('Last Seen', 'string', lastSeen),
  column('Type', 'string', (event: Event) => event.type ?? ''),
  column('Reason', 'string', (event: Event) => event.reason ?? ''),
  column('Object', 'string', objectCell),
  wideColumn('Subobject', 'string', (event: Event) => event.involvedObject?.fieldPath ?? ''),
  wideColumn('Source', 'string', sourceCell),
  column('Message', 'string', (event: Event) => (event.message ?? '').trim()),
  wideColumn('First Seen', 'string', firstSeen),
  wideColumn('Count', 'integer', (event: Event) => event.series?.count ?? (event.count || 1)),
  { ...wideColumn('Name', 'string', (event: Event) => event.metadata?.name ?? ''), format: 'name' },
];
