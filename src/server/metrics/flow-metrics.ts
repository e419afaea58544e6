import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { FlowControl, Pending } from '../flowcontrol/flow-control.ts';
import type { PriorityLevel } from '../flowcontrol/priority-level.ts';

const WAIT_BUCKETS = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];
const FLOW = ['priority_level', 'flow_schema'];

const GAUGES: readonly (readonly [name: string, help: string, value: (level: PriorityLevel) => number])[] = [
  ['current_limit_seats', 'current derived number of execution seats available to each priority level', (l) => l.limits.nominal],
  ['nominal_limit_seats', 'Nominal number of execution seats configured for each priority level', (l) => l.limits.nominal],
  ['lower_limit_seats', 'Configured lower bound on number of execution seats available to each priority level', (l) => l.limits.lower],
  ['upper_limit_seats', 'Configured upper bound on number of execution seats available to each priority level', (l) => l.limits.upper],
];

/** By level and schema: what waits, and what is under way. */
const FLOW_GAUGES: readonly (readonly [
  name: string,
  help: string,
  of: (flow: FlowControl) => Iterable<Pending>,
  value: (p: Pending) => number,
])[] = [
  [
    'current_inqueue_requests',
    'Number of requests currently pending in queues of the API Priority and Fairness subsystem',
    ({ inQueue }) => inQueue,
    () => 1,
  ],
  [
    'current_executing_seats',
    'Concurrency (number of seats) occupied by the currently executing (initial stage for a WATCH, any stage otherwise) requests in the API Priority and Fairness subsystem',
    ({ underway }) => underway,
    ({ width }) => width.seats,
  ],
  [
    'current_executing_requests',
    'Number of requests in initial (for a WATCH) or any (for a non-WATCH) execution stage in the API Priority and Fairness subsystem',
    ({ underway }) => underway,
    () => 1,
  ],
];

/** Upstream's metrics of API Priority and Fairness, read when somebody asks for them. */
export function observeFlowControl(flow: FlowControl, registry: Registry): void {
  const registers = [registry];
  const prefix = 'apiserver_flowcontrol_';
  for (const [name, help, value] of GAUGES) {
    new Gauge({
      name: `${prefix}${name}`,
      help,
      labelNames: ['priority_level'],
      registers,
      collect() {
        this.reset();
        for (const level of flow.levels) this.set({ priority_level: level.limits.name }, value(level));
      },
    });
  }
  for (const [name, help, of, value] of FLOW_GAUGES) {
    new Gauge({
      name: `${prefix}${name}`,
      help,
      labelNames: FLOW,
      registers,
      collect() {
        this.reset();
        for (const { schema, level } of flow.counts) this.set({ priority_level: level, flow_schema: schema }, 0);
        for (const pending of of(flow)) {
          const { schema, level } = pending.flow.count;
          this.inc({ priority_level: level, flow_schema: schema }, value(pending));
        }
      },
    });
  }
  new Counter({
    name: `${prefix}dispatched_requests_total`,
    help: 'Number of requests executed by API Priority and Fairness subsystem',
    labelNames: FLOW,
    registers,
    collect() {
      this.reset();
      for (const { schema, level, dispatched } of flow.counts) this.inc({ priority_level: level, flow_schema: schema }, dispatched);
    },
  });
  new Counter({
    name: `${prefix}rejected_requests_total`,
    help: 'Number of requests rejected by API Priority and Fairness subsystem',
    labelNames: [...FLOW, 'reason'],
    registers,
    collect() {
      this.reset();
      for (const { schema, level, rejected } of flow.counts) {
        for (const [reason, count] of Object.entries(rejected)) {
          if (count > 0) this.inc({ priority_level: level, flow_schema: schema, reason }, count);
        }
      }
    },
  });
  const waited = new Histogram({
    name: `${prefix}request_wait_duration_seconds`,
    help: 'Length of time a request spent waiting in its queue',
    labelNames: [...FLOW, 'execute'],
    buckets: WAIT_BUCKETS,
    registers,
  });
  flow.onWaited = ({ schema, level }, seconds, executed) =>
    waited.observe({ priority_level: level, flow_schema: schema, execute: String(executed) }, seconds);
}
