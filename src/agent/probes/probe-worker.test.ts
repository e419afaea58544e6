import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Container } from '../../api/schema/generated/types.ts';
import { type FakeClock, fakeClock } from '../../base/fake-clock.ts';
import { initialProbe, type ProbeKind, type ProbeOutcome, stepProbe } from './probe-machine.ts';
import type { ProbeAnswer } from './probe-target.ts';
import { createProbeWorker, type ProbeWorkerOptions } from './probe-worker.ts';

describe('the probe machine', () => {
  const told = (kind: ProbeKind, outcomes: ProbeOutcome[], thresholds: Parameters<typeof stepProbe>[2] = {}) => {
    let state = initialProbe(kind);
    return outcomes.map((outcome) => {
      const [next, news] = stepProbe(state, outcome, thresholds);
      state = next;
      return news;
    });
  };

  it('turns after as many tries in a row as the thresholds say', () => {
    const outcomes: ProbeOutcome[] = ['success', 'success', 'failure', 'success', 'failure', 'failure', 'failure', 'failure'];
    expect(told('readiness', outcomes, { successThreshold: 2, failureThreshold: 3 })).toEqual([
      undefined,
      'success',
      undefined,
      undefined,
      undefined,
      undefined,
      'failure',
      undefined,
    ]);
  });

  it('takes a container for alive and for not ready before it is asked', () => {
    expect(told('liveness', ['success', 'failure', 'failure', 'failure', 'failure'])).toEqual([
      undefined,
      undefined,
      undefined,
      'failure',
      undefined,
    ]);
    expect(told('readiness', ['failure', 'failure', 'failure'])).toEqual([undefined, undefined, undefined]);
    expect(told('startup', ['failure', 'success', 'failure'])).toEqual([undefined, 'success', undefined]);
  });

  it('never tells the same twice, and counts nothing that could not be asked', () => {
    const kinds = fc.constantFrom<ProbeKind>('startup', 'readiness', 'liveness');
    const outcomes = fc.array(fc.constantFrom<ProbeOutcome>('success', 'failure', 'warning', 'unknown'));
    fc.assert(
      fc.property(kinds, outcomes, fc.integer({ min: 1, max: 4 }), (kind, all, failureThreshold) => {
        const news = told(kind, all, { failureThreshold }).filter((n) => n !== undefined);
        expect(news.every((n, i) => n !== news[i - 1])).toBe(true);
        const without = told(
          kind,
          all.filter((o) => o !== 'unknown'),
          { failureThreshold },
        );
        expect(news).toEqual(without.filter((n) => n !== undefined));
      }),
    );
  });
});

describe('the probe worker', () => {
  let clock: FakeClock;
  let asked: [number, string][];
  let results: string[];
  let events: string[];
  let answers: Partial<Record<string, ProbeAnswer['outcome']>>;
  let stop: AbortController;
  let run: Promise<void>;

  const path = (name: string) => ({ httpGet: { port: 80, path: name }, periodSeconds: 10 });
  function start(container: ProbeWorkerOptions['container'], more: Partial<ProbeWorkerOptions> = {}): void {
    const worker = createProbeWorker({
      container,
      target: { podIp: '127.0.0.1', containerId: 'c', ports: [] },
      startedAtMs: clock.now(),
      clock,
      random: () => 0.5,
      prober: {
        async probe(probe) {
          const name = probe.httpGet?.path ?? '';
          asked.push([clock.monotonic() / 1000, name]);
          return { outcome: answers[name] ?? 'success', message: 'said so' };
        },
      },
      onResult: (kind, result) => results.push(`${kind} ${result}`),
      event: (_, reason, message) => void events.push(`${reason}: ${message}`),
      ...more,
    });
    run = worker.run({ signal: stop.signal });
  }

  beforeEach(() => {
    clock = fakeClock();
    [asked, results, events, answers] = [[], [], [], {}];
    stop = new AbortController();
    run = Promise.resolve();
  });
  afterEach(async () => {
    stop.abort();
    await run;
    expect(clock.pending).toBe(0);
  });

  it('asks at once when there is no delay, then once a period', async () => {
    start({ readinessProbe: path('r') });
    await clock.advance(25_000);
    expect(asked).toEqual([
      [0, 'r'],
      [10, 'r'],
      [20, 'r'],
    ]);
    expect(results).toEqual(['readiness success']);
  });

  it('has no timer and ends when there is no probe', async () => {
    start({});
    await run;
    expect(clock.pending).toBe(0);
  });

  it('waits for the initial delay, from when the container started', async () => {
    start({ readinessProbe: { ...path('r'), initialDelaySeconds: 5 } }, { startedAtMs: clock.now() - 2000 });
    await clock.advance(4000);
    expect(asked).toEqual([[3, 'r']]);
  });

  it('keeps readiness and liveness back until the container has started', async () => {
    answers.s = 'failure';
    const container: Partial<Container> = { startupProbe: path('s'), readinessProbe: path('r'), livenessProbe: path('l') };
    start(container);
    await clock.advance(15_000);
    answers.s = 'success';
    await clock.advance(5000);
    expect(asked.map(([, name]) => name)).toEqual(['s', 's', 's', 'r', 'l']);
    await clock.advance(10_000);
    expect(asked.map(([, name]) => name)).toEqual(['s', 's', 's', 'r', 'l', 'r', 'l']);
    expect(results).toEqual(['startup success', 'readiness success']);
    expect(events).toEqual(['Unhealthy: Startup probe failed: said so', 'Unhealthy: Startup probe failed: said so']);
  });

  it('asks no more after startup or liveness has failed', async () => {
    answers.s = 'failure';
    start({ startupProbe: { ...path('s'), failureThreshold: 2 }, livenessProbe: path('l') });
    await clock.advance(60_000);
    await run;
    expect(asked).toHaveLength(2);
    expect(results).toEqual(['startup failure']);
  });

  it('words events as upstream does', async () => {
    answers.r = 'warning';
    answers.l = 'unknown';
    start({ readinessProbe: path('r'), livenessProbe: path('l') });
    await clock.advance(0);
    expect(events).toEqual([
      'ProbeWarning: Readiness probe warning: said so',
      'Unhealthy: Liveness probe errored and resulted in unknown state: said so',
    ]);
    expect(results).toEqual(['readiness success']);
  });

  it('spreads its first questions, and tells the first answer, when it finds the container running', async () => {
    answers.r = 'failure';
    start(
      { startupProbe: path('s'), readinessProbe: { ...path('r'), failureThreshold: 1 } },
      { adopted: { hasStarted: true }, startedAtMs: clock.now() - 60_000 },
    );
    await clock.advance(6000);
    expect(asked).toEqual([[5, 'r']]);
    expect(results).toEqual(['readiness failure']);
  });
});
