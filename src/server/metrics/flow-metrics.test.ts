import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import type { FlowControl, FlowCount } from '../flowcontrol/flow-control.ts';
import { observeFlowControl } from './flow-metrics.ts';

it('tells what waits and what is under way, by level and schema, and what came of those that waited', async () => {
  const rejected = { 'queue-full': 0, 'concurrency-limit': 0, 'time-out': 0, cancelled: 0 };
  const busy: FlowCount = { schema: 'mine', level: 'busy', dispatched: 3, rejected };
  const idle: FlowCount = { schema: 'other', level: 'busy', dispatched: 1, rejected };
  const pending = (seats: number) => ({ flow: { count: busy }, width: { seats } });
  const flow = {
    counts: [busy, idle],
    levels: [],
    underway: [pending(2), pending(3)],
    inQueue: [pending(1)],
  } as unknown as FlowControl;
  const registry = new Registry();
  observeFlowControl(flow, registry);
  flow.onWaited(busy, 0.01, true);
  flow.onWaited(busy, 20, false);
  const text = await registry.metrics();
  const mine = 'priority_level="busy",flow_schema="mine"';
  for (const line of [
    `current_inqueue_requests{${mine}} 1`,
    `current_executing_requests{${mine}} 2`,
    `current_executing_seats{${mine}} 5`,
    'current_executing_seats{priority_level="busy",flow_schema="other"} 0',
    `request_wait_duration_seconds_count{${mine},execute="true"} 1`,
    `request_wait_duration_seconds_sum{${mine},execute="false"} 20`,
  ]) {
    expect(text).toContain(`apiserver_flowcontrol_${line}\n`);
  }
});
