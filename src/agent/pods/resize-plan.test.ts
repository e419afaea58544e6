import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pod } from '../../api/schema/generated/types.ts';
import { step } from './pod-machine.ts';
import { newPod, type PodEffect, type PodEvent, type PodState } from './pod-state-plan.ts';
import { inResizeOrder, isResize, wantsResize, withAllocated } from './resize-plan.ts';

const NOW = 1_000_000;
const podOf = (cpus: readonly number[], generation = 1, more: Partial<NonNullable<Pod['spec']>> = {}): Pod => ({
  metadata: { name: 'p', namespace: 'ns', uid: 'u1', generation },
  spec: { containers: cpus.map((cpu, i) => ({ name: `c${i}`, image: 'i:1', resources: { requests: { cpu: `${cpu}m` } } })), ...more },
});
const cpusOf = (pod: Pod) => pod.spec?.containers.map(({ resources }) => resources?.requests?.cpu);

/** A pod that runs; every effect is answered as if all went well, but for resizes, which `refuses` says. */
class Running {
  state: PodState;
  refuses = false;
  resizes = 0;
  #now = NOW;

  constructor(pod: Pod) {
    this.state = newPod(pod, NOW);
    this.send({ type: 'found', sandboxes: [], containers: [] });
  }
  send(event: PodEvent): void {
    const [state, effects] = step(this.state, event, this.#now);
    this.state = state;
    for (const effect of effects) for (const answer of this.#answer(effect)) this.send(answer);
  }
  pass(ms: number): void {
    this.#now += ms;
    this.send({ type: 'tick' });
  }
  #answer(effect: PodEffect): PodEvent[] {
    if (effect.do === 'mountVolumes') return [{ type: 'volumesMounted' }];
    if (effect.do === 'runSandbox') return [{ type: 'sandboxReady', id: 's', ips: [] }];
    if (effect.do === 'startContainer') {
      const resources = this.#specOf(effect.name)?.resources;
      const about = { startedAtMs: NOW, specImage: 'i:1', image: 'i:1', imageId: 'i' };
      return [{ type: 'containerStarted', name: effect.name, id: `${effect.name}-${effect.attempt}`, resources, ...about }];
    }
    if (effect.do !== 'resize') return [];
    this.resizes += 1;
    if (this.refuses) return [{ type: 'resized', done: {}, error: 'no' }];
    return [{ type: 'resized', done: Object.fromEntries(effect.names.map((name) => [name, this.#specOf(name)?.resources ?? {}])) }];
  }
  #specOf = (name: string) => this.state.pod.spec?.containers.find((c) => c.name === name);
  actual = () => Object.values(this.state.containers).map(({ run }) => (run.at === 'running' ? run.resources?.requests?.cpu : undefined));
}

const cpus = fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 2, maxLength: 2 });
type Act = { cpus: number[] } | 'allow' | 'defer' | 'refuse' | 'accept' | 'wait';
const act: fc.Arbitrary<Act> = fc.oneof(
  cpus.map((list) => ({ cpus: list })),
  fc.constantFrom<Act>('allow', 'defer', 'refuse', 'accept', 'wait'),
);

function carryOut(running: Running, what: Act, generation: number): void {
  if (typeof what === 'object') running.send({ type: 'podChanged', pod: podOf(what.cpus, generation) });
  else if (what === 'wait') running.pass(10_000);
  else if (what === 'refuse' || what === 'accept') running.refuses = what === 'refuse';
  else if (!wantsResize(running.state)) return;
  else running.send(what === 'allow' ? { type: 'resizeAllowed' } : { type: 'resizeDeferred', message: 'full' });
}

describe('a pod that is resized', () => {
  it('has only what was set aside, and in the end what was asked for, whatever happens in between', () => {
    fc.assert(
      fc.property(cpus, fc.array(act, { maxLength: 30 }), (first, acts) => {
        const running = new Running(podOf(first));
        let allowed = cpusOf(podOf(first));
        acts.forEach((what, i) => {
          if (what === 'allow') allowed = cpusOf(running.state.asked);
          const isRevert = typeof what === 'object' && JSON.stringify(cpusOf(podOf(what.cpus))) === JSON.stringify(allowed);
          carryOut(running, what, i + 2);
          expect(cpusOf(running.state.pod)).toEqual(allowed);
          if (isRevert) expect(running.state.resize.pending).toBeUndefined();
          expect(running.state.pod.metadata?.generation).toBe(running.state.asked.metadata?.generation);
        });
        carryOut(running, 'accept', 0);
        carryOut(running, 'allow', 0);
        running.pass(20_000);
        expect(running.actual()).toEqual(cpusOf(running.state.asked));
        expect(running.state.resize).toEqual({});
      }),
    );
  });

  it('is left alone when amounts are only written another way', () => {
    const running = new Running(podOf([1000, 500]));
    const asked = podOf([0, 0], 2);
    for (const [i, cpu] of ['1', '0.5'].entries()) Object.assign(asked.spec?.containers[i]?.resources ?? {}, { requests: { cpu } });
    running.send({ type: 'podChanged', pod: asked });
    expect(wantsResize(running.state)).toBe(false);
    expect(running.resizes).toBe(0);
  });

  it('has its cgroup and all its containers told when it is resized as a whole', () => {
    const whole = (cpu: string) => ({ resources: { limits: { cpu } } });
    const running = new Running(podOf([1, 2], 1, whole('1')));
    running.send({ type: 'podChanged', pod: podOf([1, 2], 2, whole('2')) });
    running.send({ type: 'resizeAllowed' });
    expect(running.resizes).toBe(1);
    expect(running.state.resize).toEqual({});
    expect(running.state.pod.spec?.resources).toEqual({ limits: { cpu: '2' } });
  });

  it('keeps what was set aside for the pod as a whole until more is', () => {
    const allocated = podOf([1], 1, { resources: { requests: { cpu: '1' } } });
    const asked = podOf([1], 2, { resources: { requests: { cpu: '2' } }, activeDeadlineSeconds: 5 });
    expect(isResize(asked, allocated)).toBe(true);
    expect(withAllocated(asked, allocated).spec).toMatchObject({ resources: { requests: { cpu: '1' } }, activeDeadlineSeconds: 5 });
  });
});

describe('when several pods wait for room', () => {
  const asking = (name: string, { from, to, priority = 0, sinceMs }: { from: number; to: number; priority?: number; sinceMs?: number }) => {
    const running = new Running(podOf([from], 1, { priority }));
    running.send({ type: 'podChanged', pod: podOf([to], 2, { priority }) });
    const pending = sinceMs === undefined ? {} : { pending: { message: '', generation: 2, sinceMs } };
    return { name, state: { ...running.state, resize: pending } };
  };

  it('asks first for those that free some, then the more important, then those that wait the longest', () => {
    const all = [
      asking('new', { from: 1, to: 2 }),
      asking('late', { from: 1, to: 2, sinceMs: 20 }),
      asking('early', { from: 1, to: 2, sinceMs: 10 }),
      asking('important', { from: 1, to: 2, priority: 5 }),
      asking('smaller', { from: 2, to: 1 }),
    ];
    expect(inResizeOrder(all).map(({ name }) => name)).toEqual(['smaller', 'important', 'early', 'late', 'new']);
  });
});
