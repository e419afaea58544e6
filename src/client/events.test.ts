import { expect, test } from 'vitest';
import { events } from '../api/index.ts';
import { fakeClock } from '../base/fake-clock.ts';
import { silentLogger } from '../base/logger.ts';
import { eventRecorder } from './events.ts';
import { fakeCluster } from './fake-client.ts';

const pod = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'n', uid: name } });

async function record(tell: (event: ReturnType<typeof eventRecorder>['event'], advance: (ms: number) => Promise<void>) => Promise<void>) {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  const recorder = eventRecorder({ client: cluster.client, component: 'test', clock, log: silentLogger });
  const stop = new AbortController();
  const run = recorder.run({ signal: stop.signal, ready() {} });
  await tell(recorder.event, clock.advance);
  await clock.advance(0);
  stop.abort();
  await run;
  return cluster.all(events);
}

test('the same event again bumps its count', async () => {
  const all = await record(async (event, advance) => {
    for (let i = 0; i < 3; i += 1) {
      event(pod('a'), 'Warning', 'BackOff', 'restarting');
      await advance(1000);
    }
  });
  expect(all.length).toBe(1);
  expect(all[0]).toMatchObject({
    count: 3,
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:02Z',
    type: 'Warning',
  });
  expect(all[0]?.involvedObject).toMatchObject({ kind: 'Pod', name: 'a', namespace: 'n', uid: 'a' });
});

test('many similar events are combined into one', async () => {
  const all = await record(async (event) => {
    for (let i = 0; i < 20; i += 1) event(pod('a'), 'Normal', 'Pulled', `image ${i}`);
  });
  expect(all.length).toBe(10);
  expect(all.find((e) => e.message?.startsWith('(combined from similar events)'))?.count).toBe(11);
});

test('one object may not flood the API: 25 events, then one each five minutes', async () => {
  const all = await record(async (event, advance) => {
    for (let i = 0; i < 100; i += 1) event(pod('a'), 'Normal', `R${i}`, 'm');
    event(pod('b'), 'Normal', 'R', 'm');
    await advance(300_000);
    event(pod('a'), 'Normal', 'Later', 'm');
    event(pod('a'), 'Normal', 'Dropped', 'm');
  });
  const about = (name: string) => all.filter((e) => e.involvedObject.name === name);
  expect(about('a').length).toBe(26);
  expect(about('b').length).toBe(1);
  expect(about('a').at(-1)?.reason).toBe('Later');
});
