import { type Column, column } from '../define.ts';
import { nameColumn, wideColumn } from '../meta/columns.ts';
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
  column('Last Seen', 'string', lastSeen, { of: 'Event.lastTimestamp' }),
  column('Type', 'string', (event: Event) => event.type ?? '', { of: 'Event.type' }),
  column('Reason', 'string', (event: Event) => event.reason ?? '', { of: 'Event.reason' }),
  column('Object', 'string', objectCell, { of: 'Event.involvedObject' }),
  wideColumn('Subobject', 'string', (event: Event) => event.involvedObject?.fieldPath ?? '', { of: 'ObjectReference.fieldPath' }),
  wideColumn('Source', 'string', sourceCell, { of: 'Event.source' }),
  column('Message', 'string', (event: Event) => (event.message ?? '').trim(), { of: 'Event.message' }),
  wideColumn('First Seen', 'string', firstSeen, { of: 'Event.firstTimestamp' }),
  wideColumn('Count', 'string', (event: Event) => (event.series ? (event.series.count ?? 0) : event.count || 1), { of: 'Event.count' }),
  { ...nameColumn, priority: 1 },
];
