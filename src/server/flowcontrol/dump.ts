import { apiVersionOf } from '../../api/define.ts';
import type { FlowControl, FlowCount, Pending, Underway } from './flow-control.ts';
import type { PriorityLevel } from './priority-level.ts';

/** Where upstream shows the state of API Priority and Fairness (Kubernetes: "API Priority and Fairness", debug endpoints). */
const ROOT = '/debug/api_priority_and_fairness/';
type Row = readonly (string | number | boolean)[];

/** The table at the path as text; undefined for other paths. */
export function dumpFlowControl(flow: FlowControl, path: string, query: URLSearchParams): string | undefined {
  if (!path.startsWith(ROOT)) return undefined;
  switch (path.slice(ROOT.length)) {
    case 'dump_priority_levels':
      return table(
        LEVEL_COLUMNS,
        sorted(flow).map((level) => levelRow(level, [...flow.counts])),
      );
    case 'dump_queues':
      return table(QUEUE_COLUMNS, sorted(flow).flatMap(queueRows));
    case 'dump_requests': {
      const detailed = Boolean(query.get('includeRequestDetails'));
      return table([...REQUEST_COLUMNS, ...(detailed ? DETAIL_COLUMNS : [])], requestRows(flow, detailed));
    }
    default:
      return undefined;
  }
}

const LEVEL_COLUMNS = [
  'PriorityLevelName',
  'ActiveQueues',
  'IsIdle',
  'IsQuiescing',
  'WaitingRequests',
  'ExecutingRequests',
  'DispatchedRequests',
  'RejectedRequests',
  'TimedoutRequests',
  'CancelledRequests',
];
const QUEUE_COLUMNS = [
  'PriorityLevelName',
  'Index',
  'PendingRequests',
  'ExecutingRequests',
  'SeatsInUse',
  'NextDispatchR',
  'InitialSeatsSum',
  'MaxSeatsSum',
  'TotalWorkSum',
];
const REQUEST_COLUMNS = [
  'PriorityLevelName',
  'FlowSchemaName',
  'QueueIndex',
  'RequestIndexInQueue',
  'FlowDistingsher',
  'ArriveTime',
  'InitialSeats',
  'FinalSeats',
  'AdditionalLatency',
  'StartTime',
];
const DETAIL_COLUMNS = ['UserName', 'Verb', 'APIPath', 'Namespace', 'Name', 'APIVersion', 'Resource', 'SubResource'];

const sorted = (flow: FlowControl): PriorityLevel[] =>
  [...flow.levels].sort((a, b) => (a.limits.name < b.limits.name ? -1 : a.limits.name > b.limits.name ? 1 : 0));

function levelRow(level: PriorityLevel, counts: readonly FlowCount[]): Row {
  const own = counts.filter((count) => count.level === level.limits.name);
  const sum = (of: (count: FlowCount) => number) => own.reduce((total, count) => total + of(count), 0);
  return [
    level.limits.name,
    level.queues.filter((queue) => queue.waiting.length > 0).length,
    level.requests === 0 && level.waiting === 0,
    // A level that is gone is not listed: what waited in it was refused.
    false,
    level.waiting,
    level.requests,
    sum(({ dispatched }) => dispatched),
    sum(({ rejected }) => rejected['queue-full'] + rejected['concurrency-limit']),
    sum(({ rejected }) => rejected['time-out']),
    sum(({ rejected }) => rejected.cancelled),
  ];
}

const seatSeconds = (ms: number): string => `${(ms / 1000).toFixed(8)}ss`;

function queueRows({ limits, queues }: PriorityLevel): Row[] {
  return queues.map(({ index, waiting, executing, seats, virtualStart }) => {
    const wanted = waiting.reduce((sum, { width }) => sum + width, 0);
    return [limits.name, index, waiting.length, executing, seats, seatSeconds(virtualStart), wanted, wanted, seatSeconds(wanted * 60_000)];
  });
}

function requestRows(flow: FlowControl, detailed: boolean): Row[] {
  const row = (request: Pending, { queue, at, startedMs }: { queue: number; at: number; startedMs: number | undefined }): Row => [
    request.flow.level.limits.name,
    request.flow.schema.name,
    queue,
    at,
    request.flow.distinguisher,
    timeOf(request.arrivedMs),
    request.width.seats,
    request.width.finalSeats,
    request.width.finalMs === 0 ? '0s' : `${request.width.finalMs}ms`,
    // Go's zero time: it has not started.
    startedMs === undefined ? '0001-01-01T00:00:00Z' : timeOf(startedMs),
    ...(detailed ? detailsOf(request) : []),
  ];
  const underway: Underway[] = [...flow.underway];
  return sorted(flow).flatMap((level) => {
    const waiting = level.queues.flatMap(({ index, waiting }) =>
      waiting.flatMap((waiter, at) => {
        const pending = flow.pending(waiter);
        return pending ? [row(pending, { queue: index, at, startedMs: undefined })] : [];
      }),
    );
    const executing = underway.filter((request) => request.flow.level === level);
    return [...waiting, ...executing.map((request) => row(request, { queue: request.queue, at: -1, startedMs: request.startedMs }))];
  });
}

/** As Go's RFC3339Nano: fractions of a second without the zeros at their end. */
const timeOf = (ms: number): string => new Date(ms).toISOString().replace(/\.?0*Z$/, 'Z');

function detailsOf({ entering: { user, request, path, method } }: Pending): Row {
  const { verb = method.toLowerCase(), namespace = '', name = '', resource = '', subresource = '' } = request ?? {};
  return [user.name, verb, path, namespace, name, request ? apiVersionOf(request) : '', resource, subresource];
}

/** As Go's tabwriter lays it out: each column as wide as its longest cell and one more, eight at least; the last as it is. */
function table(columns: Row, rows: readonly Row[]): string {
  const lines = [columns, ...rows].map((cells) => cells.map((cell, i) => (i < cells.length - 1 ? `${cell},` : String(cell))));
  const widths = columns.map((_, i) => Math.max(8, ...lines.map((cells) => (cells[i]?.length ?? 0) + 1)));
  return lines.map((cells) => `${cells.map((cell, i) => (i < cells.length - 1 ? cell.padEnd(widths[i] ?? 0) : cell)).join('')}\n`).join('');
}
