import fc from 'fast-check';
import type { FaultRates } from './fault-transport.ts';

/** One thing that happens to the cluster from outside. */
export type Action =
  | { readonly do: 'scale'; readonly what: 'web' | 'db' | 'work' | 'cache' | 'api'; readonly to: number }
  | { readonly do: 'roll-out'; readonly what: 'web' | 'db' | 'agent' | 'cache' }
  | { readonly do: 'load'; readonly pods: number }
  | { readonly do: 'roll-back' }
  | { readonly do: 'pause'; readonly paused: boolean }
  | { readonly do: 'delete-pod'; readonly nth: number; readonly force: boolean }
  | { readonly do: 'fail-pod'; readonly nth: number }
  | { readonly do: 'disturb-pod'; readonly nth: number; readonly seconds: number }
  | { readonly do: 'evict'; readonly nth: number }
  | { readonly do: 'cut-off'; readonly node: number; readonly seconds: number }
  | { readonly do: 'lose-node'; readonly node: number }
  | { readonly do: 'add-node' }
  | { readonly do: 'cordon'; readonly node: number }
  | { readonly do: 'drain'; readonly node: number }
  | { readonly do: 'taint'; readonly node: number; readonly effect: 'NoSchedule' | 'NoExecute'; readonly seconds: number }
  | { readonly do: 'quota'; readonly pods: number }
  | { readonly do: 'clock'; readonly seconds: number }
  | { readonly do: 'restart-controllers' }
  | { readonly do: 'restart-server'; readonly downSeconds: number };

export interface Step {
  readonly afterMs: number;
  readonly action: Action;
}

/** What is there from the start. */
export interface Workloads {
  readonly web: { readonly replicas: number; readonly maxSurge: number; readonly maxUnavailable: number; readonly minReadySeconds: number };
  readonly db: {
    readonly replicas: number;
    readonly parallel: boolean;
    /** With a volume each: whether it is bound when its pod is placed, and whether it goes with a member that is not wanted any more. */
    readonly volumes?: { readonly late: boolean; readonly go: boolean } | undefined;
  };
  readonly agent: { readonly surge: boolean; readonly maxUnavailable: number };
  readonly work: {
    readonly completions: number;
    readonly parallelism: number;
    readonly indexed: boolean;
    readonly failing: boolean;
    readonly perIndex: boolean;
    readonly enough: number;
    /** A pod that is going is replaced when it has ended, not before. */
    readonly patient: boolean;
  };
  readonly minAvailable: number;
  /** Of these there are some. */
  readonly tick?:
    | {
        readonly policy: 'Allow' | 'Forbid' | 'Replace';
        readonly minutes: number;
        readonly lastsSeconds: number;
        readonly failing: boolean;
        readonly kept: number;
      }
    | undefined;
  readonly cache?: { readonly replicas: number } | undefined;
  readonly api?:
    | {
        readonly least: number;
        readonly most: number;
        /** How fast it may grow and shrink; without: as fast as it may by default. */
        readonly pace?: { readonly up: Pace; readonly down: Pace } | undefined;
      }
    | undefined;
  /** A Job that goes by itself, so many seconds after its end. */
  readonly brief?: { readonly ttlSeconds: number } | undefined;
}

/** At most so many pods more, or fewer, in so many seconds, and only when that was enough for the whole window. */
export interface Pace {
  readonly pods: number;
  readonly periodSeconds: number;
  readonly windowSeconds: number;
}

export interface Scenario {
  /** Of the faults, and of everything else that is up to chance. */
  readonly seed: number;
  readonly nodes: number;
  readonly rates: FaultRates;
  readonly workloads: Workloads;
  readonly steps: readonly Step[];
}

const nth = fc.nat(20);
const node = fc.nat(3);

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('scale' as const), what: fc.constantFrom('web', 'db', 'work', 'cache', 'api'), to: fc.nat(6) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('roll-out' as const), what: fc.constantFrom('web', 'db', 'agent', 'cache') }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('load' as const), pods: fc.integer({ min: 1, max: 9 }) }) },
  fc.record({ do: fc.constant('roll-back' as const) }),
  fc.record({ do: fc.constant('pause' as const), paused: fc.boolean() }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete-pod' as const), nth, force: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fail-pod' as const), nth }) },
  fc.record({ do: fc.constant('disturb-pod' as const), nth, seconds: fc.integer({ min: 1, max: 60 }) }),
  { weight: 3, arbitrary: fc.record({ do: fc.constant('evict' as const), nth }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cut-off' as const), node, seconds: fc.integer({ min: 5, max: 500 }) }) },
  fc.record({ do: fc.constant('lose-node' as const), node }),
  fc.record({ do: fc.constant('add-node' as const) }),
  fc.record({ do: fc.constant('cordon' as const), node }),
  fc.record({ do: fc.constant('drain' as const), node }),
  fc.record({
    do: fc.constant('taint' as const),
    node,
    effect: fc.constantFrom('NoSchedule' as const, 'NoExecute' as const),
    seconds: fc.integer({ min: 1, max: 200 }),
  }),
  fc.record({ do: fc.constant('quota' as const), pods: fc.integer({ min: 4, max: 40 }) }),
  fc.record({ do: fc.constant('clock' as const), seconds: fc.integer({ min: -4_000, max: 4_000 }) }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('restart-controllers' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('restart-server' as const), downSeconds: fc.nat(120) }) },
);

const step: fc.Arbitrary<Step> = fc.record({
  afterMs: fc.oneof(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 0, max: 30_000 })),
  action,
});

/** Mostly none: with all faults at once hardly anything gets done, and each hides what another would show. */
const rate = (most: number) =>
  fc.oneof(
    fc.constant(0),
    fc.integer({ min: 1, max: most * 1_000 }).map((perMille) => perMille / 1_000),
  );

const rates: fc.Arbitrary<FaultRates> = fc.record({
  slow: rate(0.3),
  refused: rate(0.15),
  conflict: rate(0.15),
  lost: rate(0.1),
  late: rate(0.05),
  delayedEvent: rate(0.3),
  duplicatedEvent: rate(0.2),
  endedWatch: rate(0.05),
  expiredWatch: rate(0.03),
});

/** Not all of them in each: a scenario takes the longer the more there is. */
const sometimes = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: arbitrary as fc.Arbitrary<T | undefined> });

/** A pod that has just become ready does not count for a moment, so that fewer seem to be enough: without a window for that an autoscaler goes to and fro. */
const pace = (windows: readonly number[]): fc.Arbitrary<Pace> =>
  fc.record({
    pods: fc.integer({ min: 1, max: 2 }),
    periodSeconds: fc.integer({ min: 15, max: 90 }),
    windowSeconds: fc.constantFrom(...windows),
  });

const workloads: fc.Arbitrary<Workloads> = fc.record({
  web: fc.record({
    replicas: fc.integer({ min: 1, max: 6 }),
    maxSurge: fc.nat(2),
    maxUnavailable: fc.nat(2),
    minReadySeconds: fc.constantFrom(0, 5),
  }),
  db: fc.record({
    replicas: fc.integer({ min: 1, max: 4 }),
    parallel: fc.boolean(),
    volumes: sometimes(fc.record({ late: fc.boolean(), go: fc.boolean() })),
  }),
  agent: fc.record({ surge: fc.boolean(), maxUnavailable: fc.integer({ min: 1, max: 2 }) }),
  work: fc.record({
    completions: fc.integer({ min: 1, max: 8 }),
    parallelism: fc.integer({ min: 1, max: 4 }),
    indexed: fc.boolean(),
    failing: fc.boolean(),
    perIndex: fc.boolean(),
    enough: fc.nat(2),
    patient: fc.boolean(),
  }),
  minAvailable: fc.nat(4),
  tick: sometimes(
    fc.record({
      policy: fc.constantFrom('Allow', 'Forbid', 'Replace'),
      minutes: fc.integer({ min: 1, max: 2 }),
      lastsSeconds: fc.integer({ min: 1, max: 150 }),
      failing: fc.boolean(),
      kept: fc.nat(2),
    }),
  ),
  cache: sometimes(fc.record({ replicas: fc.integer({ min: 1, max: 3 }) })),
  api: sometimes(
    fc.record({
      least: fc.integer({ min: 1, max: 2 }),
      most: fc.integer({ min: 2, max: 6 }),
      pace: fc.option(fc.record({ up: pace([0, 30, 60]), down: pace([60, 90, 120]) }), { nil: undefined }),
    }),
  ),
  brief: sometimes(fc.record({ ttlSeconds: fc.nat(120) })),
});

/** Without bias: fast-check's first values are small ones otherwise, and each seed gives but one. */
export const scenarios: fc.Arbitrary<Scenario> = fc.noBias(
  fc.record({
    seed: fc.integer(),
    nodes: fc.integer({ min: 2, max: 4 }),
    rates,
    workloads,
    steps: fc.array(step, { minLength: 1, maxLength: 25, size: 'max' }),
  }),
);
