import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Container, Pod, PodSpec } from '../../api/schema/generated/types.ts';
import { isAlive, nextWakeMs, step } from './pod-machine.ts';
import { newPod, type PodEffect, type PodEvent, type PodState } from './pod-state-plan.ts';

const container = (name: string, more: Partial<Container> = {}): Container => ({ name, image: `${name}:1`, ...more });
const podOf = (spec: Partial<PodSpec>): Pod => ({
  metadata: { name: 'p', namespace: 'ns', uid: 'u1' },
  spec: { containers: [container('app')], ...spec },
});

/** Carries effects out in memory, one answer per effect, and keeps the books on what runs. */
class World {
  state: PodState;
  now = 1_000_000;
  pending: PodEffect[] = [];
  log: PodEffect[] = [];
  running = new Map<string, string>();
  doubled = false;
  #ids = 0;

  constructor(pod: Pod) {
    this.state = newPod(pod, this.now);
    this.send({ type: 'found', sandboxes: [], containers: [] });
  }
  send(event: PodEvent): void {
    const [state, effects] = step(this.state, event, this.now);
    this.state = state;
    this.log.push(...effects);
    this.pending.push(...effects);
  }
  exit(name: string, exitCode: number): void {
    const id = this.running.get(name);
    if (id === undefined) return;
    this.running.delete(name);
    const times = { startedAtMs: this.now, finishedAtMs: this.now };
    this.send({ type: 'containerExited', name, id, exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', message: '', ...times });
  }
  probe(name: string, kind: 'startup' | 'readiness' | 'liveness', ok: boolean): void {
    const id = this.running.get(name);
    if (id !== undefined) this.send({ type: 'probed', name, id, kind, ok });
  }
  answer(effect: PodEffect, ok = true) {
    this.pending.splice(this.pending.indexOf(effect), 1);
    switch (effect.do) {
      case 'mountVolumes':
        return this.send(ok ? { type: 'volumesMounted' } : { type: 'volumesFailed', message: 'no' });
      case 'runSandbox':
        return this.send(
          ok ? { type: 'sandboxReady', id: `s${this.#ids++}`, ips: ['10.0.0.1'] } : { type: 'sandboxFailed', message: 'no' },
        );
      case 'dropSandbox':
        return this.send({ type: 'sandboxDropped', id: effect.id });
      case 'startContainer': {
        const { name } = effect;
        if (!ok) return this.send({ type: 'startFailed', name, reason: 'CreateContainerError', message: 'no' });
        if (this.running.has(name)) this.doubled = true;
        const id = `${name}-${this.#ids++}`;
        this.running.set(name, id);
        const image = { specImage: `${name}:1`, resources: undefined, image: `${name}:1`, imageId: 'sha256:1' };
        return this.send({ type: 'containerStarted', name, id, startedAtMs: this.now, ...image });
      }
      case 'runPostStart':
        return this.send({ type: 'hookDone', name: effect.name, id: effect.id, ...(!ok && { error: 'no' }) });
      case 'stopContainer':
        return this.running.get(effect.name) === effect.id ? this.exit(effect.name, 137) : undefined;
      case 'release':
        return this.send({ type: 'released' });
      case 'remove':
        return this.send({ type: 'removed' });
      case 'finalise':
        return this.send({ type: 'finalised' });
      default:
        return undefined;
    }
  }
  settle(): void {
    for (let i = 0; this.pending.length > 0 && i < 1000; i += 1) this.answer(this.pending[0] as PodEffect);
  }
  /** Lets time pass to the next wake and settles. */
  wait(): void {
    this.now = nextWakeMs(this.state, this.now) ?? this.now;
    this.send({ type: 'tick' });
    this.settle();
  }
  remove(graceSeconds: number): void {
    const metadata = { ...this.state.pod.metadata, deletionTimestamp: 'now', deletionGracePeriodSeconds: graceSeconds };
    this.send({ type: 'podChanged', pod: { ...this.state.pod, metadata } });
  }
  starts = () => this.log.flatMap((e) => (e.do === 'startContainer' ? [e.name] : []));
  run = (name: string) => this.state.containers[name]?.run;
}

describe('the pod machine', () => {
  it('mounts volumes, then makes the sandbox, then starts app containers side by side', () => {
    const world = new World(podOf({ containers: [container('a'), container('b')] }));
    expect(world.log.map((e) => e.do)).toEqual(['mountVolumes']);
    world.answer(world.pending[0] as PodEffect);
    world.answer(world.pending[0] as PodEffect);
    expect(world.pending.map((e) => e.do)).toEqual(['startContainer', 'startContainer']);
    world.settle();
    expect(world.run('a')).toMatchObject({ at: 'running', started: true, ready: true });
  });

  it('runs init containers one after the other and app containers after the last', () => {
    const world = new World(podOf({ initContainers: [container('i1'), container('i2')] }));
    world.settle();
    expect(world.starts()).toEqual(['i1']);
    world.exit('i1', 0);
    world.settle();
    expect(world.starts()).toEqual(['i1', 'i2']);
    world.exit('i2', 0);
    world.settle();
    expect(world.starts()).toEqual(['i1', 'i2', 'app']);
  });

  it('holds back what follows a sidecar until its startup probe passes, and stops it last', () => {
    const startupProbe = { exec: { command: ['true'] } };
    const sidecar = container('side', { restartPolicy: 'Always', startupProbe });
    const world = new World(podOf({ initContainers: [sidecar] }));
    world.settle();
    expect(world.starts()).toEqual(['side']);
    world.probe('side', 'startup', true);
    world.settle();
    expect(world.starts()).toEqual(['side', 'app']);
    world.remove(5);
    world.settle();
    expect(world.log.flatMap((e) => (e.do === 'stopContainer' ? [e.name] : []))).toEqual(['app', 'side']);
    expect(world.state.stage.at).toBe('finalised');
  });

  it('restarts a crashing container at once, then after 10 s, 20 s, … and at most 300 s', () => {
    const world = new World(podOf({}));
    world.settle();
    const delays: number[] = [];
    for (let i = 0; i < 8; i += 1) {
      const crashedAt = world.now;
      world.exit('app', 1);
      world.settle();
      if (world.run('app')?.at === 'delayed') world.wait();
      delays.push((world.now - crashedAt) / 1000);
    }
    expect(delays).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
    expect(world.run('app')?.at).toBe('running');
  });

  it('forgets the crash back-off after ten quiet minutes', () => {
    const world = new World(podOf({}));
    world.settle();
    world.exit('app', 1);
    world.settle();
    world.now += 601_000;
    world.exit('app', 1);
    world.settle();
    expect(world.run('app')?.at).toBe('running');
  });

  it('keeps one dead instance for its log and removes older ones', () => {
    const world = new World(podOf({}));
    world.settle();
    for (let i = 0; i < 3; i += 1) {
      world.exit('app', 1);
      world.settle();
      if (world.run('app')?.at === 'delayed') world.wait();
    }
    const removed = world.log.flatMap((e) => (e.do === 'startContainer' ? e.remove : []));
    expect(new Set(removed).size).toBe(2);
    expect(world.state.containers.app?.dead).toHaveLength(1);
  });

  it.each([
    ['Never', 1, 'ended'],
    ['Never', 0, 'ended'],
    ['OnFailure', 0, 'ended'],
    ['OnFailure', 1, 'active'],
    ['Always', 0, 'active'],
  ])('with restart policy %s and exit code %i the pod is %s afterwards', (restartPolicy, code, stage) => {
    const world = new World(podOf({ restartPolicy }));
    world.settle();
    world.exit('app', code);
    world.settle();
    expect(world.state.stage.at).toBe(stage);
  });

  it('restarts a container that fails its liveness probe with the grace of the probe', () => {
    const livenessProbe = { exec: { command: ['true'] }, terminationGracePeriodSeconds: 3 };
    const world = new World(podOf({ containers: [container('app', { livenessProbe })] }));
    world.settle();
    world.probe('app', 'liveness', false);
    expect(world.pending).toContainEqual(expect.objectContaining({ do: 'stopContainer', graceSeconds: 3, preStop: true }));
    world.settle();
    expect(world.starts()).toEqual(['app', 'app']);
  });

  it('ends a pod that outlives its active deadline', () => {
    const world = new World(podOf({ activeDeadlineSeconds: 60 }));
    world.settle();
    world.wait();
    expect(world.state.stage).toMatchObject({ at: 'ended', cause: { kind: 'failed', reason: 'DeadlineExceeded' } });
  });

  it('lets a second deletion shorten the grace', () => {
    const world = new World(podOf({}));
    world.settle();
    world.remove(30);
    world.remove(2);
    const graces = world.log.flatMap((e) => (e.do === 'stopContainer' ? [e.graceSeconds] : []));
    expect(graces).toEqual([30, 2]);
  });

  it('makes a new sandbox when the old one dies and begins with the first init container again', () => {
    const world = new World(podOf({ initContainers: [container('init')] }));
    world.settle();
    world.exit('init', 0);
    world.settle();
    if (world.state.sandbox.at !== 'ready') throw new Error('no sandbox');
    world.send({ type: 'sandboxLost', id: world.state.sandbox.id });
    world.settle();
    expect(world.starts()).toEqual(['init', 'app', 'init']);
    expect(world.state.sandbox).toMatchObject({ at: 'ready', attempt: 1 });
  });

  it('adopts running containers after a restart of the agent and starts nothing', () => {
    const pod = podOf({});
    let state = newPod(pod, 0);
    const times = { startedAtMs: 5, finishedAtMs: 0 };
    const image = { image: 'app:1', imageId: 'sha256:1', specImage: 'app:1' };
    const alive = { id: 'c1', name: 'app', attempt: 2, sandboxId: 's', state: 'running', exitCode: 0, reason: '', message: '' } as const;
    const sandboxes = [{ id: 's', attempt: 0, ready: true, createdAtMs: 1, ips: ['10.0.0.2'] }];
    let effects: PodEffect[];
    [state, effects] = step(state, { type: 'found', sandboxes, containers: [{ ...alive, ...times, ...image }] }, 10);
    [state, effects] = step(state, { type: 'volumesMounted' }, 10);
    expect(effects).toEqual([]);
    expect(state.containers.app).toMatchObject({ attempts: 3, run: { at: 'running', id: 'c1', ready: true } });
  });

  it('leaves a pod that had finished before alone, whatever the runtime still has', () => {
    const pod: Pod = { ...podOf({ restartPolicy: 'Never' }), status: { phase: 'Succeeded' } };
    const [state, effects] = step(newPod(pod, 0), { type: 'found', sandboxes: [], containers: [] }, 0);
    expect(state.stage).toEqual({ at: 'releasing', cause: { kind: 'settled' } });
    expect(effects).toEqual([{ do: 'release' }]);
  });
});

type Move = { pick: number; ok: boolean; act: 'answer' | 'exit' | 'probe' | 'lost' | 'tick' | 'delete' | 'gone' };

const moves = fc.array(
  fc.record({
    pick: fc.nat(1000),
    ok: fc.boolean(),
    act: fc.constantFrom<Move['act'][]>('answer', 'answer', 'answer', 'answer', 'exit', 'probe', 'lost', 'tick', 'delete', 'gone'),
  }),
  { maxLength: 80 },
);
const probe = { exec: { command: ['x'] } };
const specs: fc.Arbitrary<{ restartPolicy: string; initContainers: Container[]; containers: Container[] }> = fc.record({
  restartPolicy: fc.constantFrom('Always', 'OnFailure', 'Never'),
  initContainers: fc.constantFrom<Container[][]>(
    [],
    [container('i')],
    [container('s', { restartPolicy: 'Always' }), container('i')],
    [container('s', { restartPolicy: 'Always', startupProbe: probe })],
  ),
  containers: fc.constantFrom<Container[][]>(
    [container('a')],
    [container('a', { livenessProbe: probe, readinessProbe: probe }), container('b', { lifecycle: { postStart: probe } })],
  ),
});

function play(world: World, move: Move) {
  const names = [...world.running.keys()];
  const name = names[move.pick % Math.max(names.length, 1)] ?? '';
  switch (move.act) {
    case 'answer': {
      const effect = world.pending[move.pick % Math.max(world.pending.length, 1)];
      return effect && world.answer(effect, move.ok);
    }
    case 'exit':
      return world.exit(name, move.ok ? 0 : 1);
    case 'probe':
      return world.probe(name, (['startup', 'readiness', 'liveness'] as const)[move.pick % 3] ?? 'startup', move.ok);
    case 'lost':
      return world.state.sandbox.at === 'ready' ? world.send({ type: 'sandboxLost', id: world.state.sandbox.id }) : undefined;
    case 'tick':
      world.now += move.pick * 100;
      return world.send({ type: 'tick' });
    case 'delete':
      return move.pick % 10 === 0 ? world.remove(move.pick) : undefined;
    case 'gone':
      return move.pick % 20 === 0 ? world.send({ type: 'podGone' }) : undefined;
    default:
      return undefined;
  }
}

describe('whatever happens in whatever order', () => {
  it('no container ever has two instances, and a deleted pod ends finalised with nothing running', () => {
    fc.assert(
      fc.property(specs, moves, (spec, list) => {
        const world = new World(podOf(spec));
        for (const move of list) play(world, move);
        expect(world.doubled).toBe(false);
        world.remove(1);
        world.settle();
        expect(world.state.stage.at).toBe('finalised');
        expect(world.running.size).toBe(0);
        expect(isAlive(world.state)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('a pod left alone with everything working comes up, unless it has run its course', () => {
    fc.assert(
      fc.property(specs, moves, (spec, list) => {
        const world = new World(podOf(spec));
        for (const move of list.filter((m) => m.act !== 'delete' && m.act !== 'gone')) play(world, move);
        for (let i = 0; i < 40 && world.state.stage.at === 'active'; i += 1) {
          world.settle();
          for (const c of spec.initContainers) {
            if (c.restartPolicy) world.probe(c.name, 'startup', true);
            else world.exit(c.name, 0);
          }
          world.wait();
        }
        if (world.state.stage.at !== 'active') {
          expect(spec.restartPolicy).not.toBe('Always');
          return;
        }
        const ups = spec.containers.filter((c) => world.running.has(c.name) || world.run(c.name)?.at === 'exited');
        expect(ups).toHaveLength(spec.containers.length);
      }),
      { numRuns: 300 },
    );
  });
});
