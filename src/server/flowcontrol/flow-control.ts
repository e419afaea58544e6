import type { ServerResponse } from 'node:http';
import { defaultFlowSchemas, defaultPriorityLevels, MANDATORY_FLOW_CONTROL } from '../../api/flowcontrol/default-objects.ts';
import { ApiError } from '../../api/meta/status.ts';
import type { FlowSchema, PriorityLevelConfiguration } from '../../api/schema/generated/types.ts';
import type { ApiRequest } from '../../api/transport.ts';
import type { Clock } from '../../base/clock.ts';
import type { ObjectReader, UserInfo } from '../ports.ts';
import type { Queue } from './fair-queues.ts';
import { divideSeats, type LevelLimits } from './limits-plan.ts';
import { type CompiledSchema, compileSchemas, type FlowAttributes } from './matching-plan.ts';
import { PriorityLevel, type SeatPool, type Waiter } from './priority-level.ts';
import { type LoadEstimate, ONE_SEAT, type Width, widthOf } from './width-plan.ts';

/** A request's place among those that are under way. Giving it back twice is as once. */
export interface Seat {
  release(): void;
}

export interface Entering {
  readonly user: UserInfo;
  readonly request: ApiRequest | undefined;
  readonly path: string;
  /** Of the HTTP request. */
  readonly method: string;
  /** Gets the headers that say how the request was classified; its end is the end of waiting. */
  readonly reply: ServerResponse;
}

export type RejectReason = 'queue-full' | 'concurrency-limit' | 'time-out' | 'cancelled';

export interface FlowCount {
  readonly schema: string;
  readonly level: string;
  dispatched: number;
  readonly rejected: Record<RejectReason, number>;
}

/** API Priority and Fairness (KEP-1040). */
export interface FlowControl extends Disposable {
  /** At once unless the level is busy. Throws or rejects with TooManyRequests. */
  enter(entering: Entering): Seat | Promise<Seat>;
  readonly counts: Iterable<FlowCount>;
  readonly levels: Iterable<PriorityLevel>;
  readonly underway: Iterable<Underway>;
  readonly inQueue: Iterable<Pending>;
  /** Whose place in a level's queue it is. */
  pending(waiter: Waiter): Pending | undefined;
  /** Told how long each request waited that had to wait. */
  onWaited: (count: FlowCount, seconds: number, executed: boolean) => void;
}

export interface FlowControlOptions {
  readonly reader: ObjectReader;
  /** Requests that may be under way at a time, over all levels. */
  readonly seats: number;
  /** How long a request may wait for its seat: a quarter of the request timeout. */
  readonly waitMs: number;
  /** Absent: every request takes one seat. */
  readonly load?: LoadEstimate;
  readonly clock: Clock;
}

export const FLOW_SCHEMAS = 'flowschemas.flowcontrol.apiserver.k8s.io';
export const PRIORITY_LEVELS = 'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io';
/** Watches hold a seat until they have begun; these are never counted. */
const UNCOUNTED = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);
/** Kinds of requests that are remembered for one user. */
const KNOWN_KINDS = 500;
const KNOWN_USERS = 1000;
const FREE: Seat = { release() {} };

export interface Flow {
  readonly schema: CompiledSchema;
  readonly level: PriorityLevel;
  readonly count: FlowCount;
  /** Which of the schema's flows. */
  readonly distinguisher: string;
}

/** A request that waits for its seats. */
export interface Pending {
  readonly flow: Flow;
  readonly entering: Entering;
  readonly width: Width;
  /** Since the epoch. */
  readonly arrivedMs: number;
}

/** A request that has its seats. */
export interface Underway extends Pending {
  readonly startedMs: number;
  /** Of the level's queues the one that it waited in; -1: in none. */
  readonly queue: number;
}

interface Waited {
  readonly queue: Queue<Waiter>;
  readonly waiter: Waiter;
  readonly arrivedMs: number;
}

export function createFlowControl(options: FlowControlOptions): FlowControl {
  return new PriorityAndFairness(options);
}

class PriorityAndFairness implements FlowControl {
  readonly #options: FlowControlOptions;
  readonly #pool: SeatPool;
  readonly #levels = new Map<string, PriorityLevel>();
  readonly #counts = new Map<string, FlowCount>();
  readonly #subscriptions: readonly Disposable[];
  #schemas: readonly CompiledSchema[] = [];
  readonly #underway = new Set<Underway>();
  readonly #waiting = new Map<Waiter, Pending>();
  /** By who asks, then by what. */
  readonly #known = new Map<string, Map<string, Flow>>();
  onWaited: FlowControl['onWaited'] = () => {};

  constructor(options: FlowControlOptions) {
    this.#options = options;
    this.#pool = { total: options.seats, taken: 0 };
    const refresh = () => this.#refresh();
    this.#subscriptions = [FLOW_SCHEMAS, PRIORITY_LEVELS].map((resource) => options.reader.onChange(resource, refresh));
    refresh();
  }

  get counts(): Iterable<FlowCount> {
    return this.#counts.values();
  }

  get levels(): Iterable<PriorityLevel> {
    return this.#levels.values();
  }

  pending(waiter: Waiter): Pending | undefined {
    return this.#waiting.get(waiter);
  }

  get inQueue(): Iterable<Pending> {
    return this.#waiting.values();
  }

  get underway(): Iterable<Underway> {
    return this.#underway;
  }

  [Symbol.dispose](): void {
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
  }

  enter(entering: Entering): Seat | Promise<Seat> {
    const { request, reply } = entering;
    if (UNCOUNTED.has(request?.subresource ?? '')) return FREE;
    const flow = this.#flowOf(entering);
    const { level, schema, count } = flow;
    reply.setHeader('X-Kubernetes-PF-FlowSchema-UID', schema.uid);
    reply.setHeader('X-Kubernetes-PF-PriorityLevel-UID', level.limits.uid);
    const width = this.#options.load ? widthOf(request, this.#options.load, level.mostSeats) : ONE_SEAT;
    if (!level.limits.exempt && (level.waiting > 0 || !level.hasSeats(width.seats))) return this.#wait(flow, entering, width);
    level.take(width.seats);
    count.dispatched += 1;
    return this.#seat(flow, entering, width);
  }

  #wait(flow: Flow, entering: Entering, width: Width): Promise<Seat> {
    const { reply } = entering;
    const { level, count, schema } = flow;
    if (!level.limits.queuing) throw refused(count, 'concurrency-limit');
    const { clock, waitMs } = this.#options;
    const [fromMs, arrivedMs] = [clock.monotonic(), clock.now()];
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        flow: `${schema.name}\n${flow.distinguisher}`,
        width: width.seats,
        start: (queue) => {
          settle(true);
          count.dispatched += 1;
          resolve(this.#seat(flow, entering, width, { queue, waiter, arrivedMs }));
        },
        refuse: () => end('queue-full'),
      };
      const settle = (executed: boolean) => {
        this.#waiting.delete(waiter);
        timer[Symbol.dispose]();
        reply.off('close', onClose);
        this.onWaited(count, (clock.monotonic() - fromMs) / 1000, executed);
      };
      const end = (reason: RejectReason) => {
        settle(false);
        reject(refused(count, reason));
      };
      const leave = (reason: RejectReason) => {
        if (level.remove(queue, waiter)) end(reason);
      };
      const onClose = () => leave('cancelled');
      const timer = clock.timer(waitMs, () => leave('time-out'));
      reply.once('close', onClose);
      this.#waiting.set(waiter, { flow, entering, width, arrivedMs });
      const placed = level.enqueue(waiter);
      if (!placed) return end('queue-full');
      const queue = placed;
      level.dispatch();
    });
  }

  #seat(flow: Flow, entering: Entering, width: Width, waited?: Waited): Seat {
    const { clock } = this.#options;
    const { level } = flow;
    const fromMs = waited ? clock.monotonic() : 0;
    const startedMs = clock.now();
    const under: Underway = {
      flow,
      entering,
      width,
      arrivedMs: waited?.arrivedMs ?? startedMs,
      startedMs,
      queue: waited?.queue.index ?? -1,
    };
    this.#underway.add(under);
    return {
      release: () => {
        if (!this.#underway.delete(under)) return;
        // Nobody waits for its seats.
        if (level.limits.exempt) return level.giveBack(width.seats);
        if (waited) level.finished(waited.queue, waited.waiter, clock.monotonic() - fromMs);
        if (width.finalSeats === 0) level.giveBack(width.seats);
        else this.#linger(level, width);
        this.#dispatch(level);
      },
    };
  }

  /** The answer is out, its event is still on the way to many watchers: nobody waits for that but the seats. */
  #linger(level: PriorityLevel, { seats, finalSeats, finalMs }: Width): void {
    level.linger(seats, finalSeats);
    this.#options.clock.timer(finalMs, () => {
      level.rest(finalSeats);
      this.#dispatch(level);
    });
  }

  /** Its own level first; a seat that it borrowed may be somebody else's turn. */
  #dispatch(first: PriorityLevel): void {
    first.dispatch();
    if (this.#pool.taken >= this.#pool.total) return;
    for (const level of this.#levels.values()) if (level.waiting > 0) level.dispatch();
  }

  #flowOf({ user, request, path, method }: Entering): Flow {
    const key = request
      ? `${request.verb} ${request.group} ${request.resource} ${request.subresource ?? ''} ${request.namespace ?? ''}`
      : `${method} ${path}`;
    const identity = `${user.name}\n${user.groups.join()}`;
    let kinds = this.#known.get(identity);
    if (!kinds || kinds.size >= KNOWN_KINDS) {
      kinds = new Map();
      if (this.#known.size >= KNOWN_USERS) this.#known.clear();
      this.#known.set(identity, kinds);
    }
    const known = kinds.get(key);
    if (known) return known;
    const flow = this.#classify({ user, verb: request?.verb ?? method.toLowerCase(), path, resource: request && placeOf(request) });
    kinds.set(key, flow);
    return flow;
  }

  #classify(attributes: FlowAttributes): Flow {
    const matching = this.#schemas.find((schema) => this.#levels.has(schema.level) && schema.matches(attributes));
    const schema = matching ?? (this.#schemas.find(({ name }) => name === 'catch-all') as CompiledSchema);
    const level = this.#levels.get(schema.level) as PriorityLevel;
    return { schema, level, count: this.#countOf(schema), distinguisher: schema.distinguisher(attributes) };
  }

  #countOf({ name, level }: CompiledSchema): FlowCount {
    const key = `${name}\n${level}`;
    const known = this.#counts.get(key);
    if (known) return known;
    const rejected = { 'queue-full': 0, 'concurrency-limit': 0, 'time-out': 0, cancelled: 0 };
    const count: FlowCount = { schema: name, level, dispatched: 0, rejected };
    this.#counts.set(key, count);
    return count;
  }

  #refresh(): void {
    const { reader, seats } = this.#options;
    this.#schemas = compileSchemas(withMandatory(reader.list<FlowSchema>(FLOW_SCHEMAS), defaultFlowSchemas()));
    const levels = withMandatory(reader.list<PriorityLevelConfiguration>(PRIORITY_LEVELS), defaultPriorityLevels());
    this.#configure(divideSeats(levels, seats));
    this.#known.clear();
  }

  /** Levels that are gone give their seats back as their requests end; what waits in them is refused. */
  #configure(all: readonly LevelLimits[]): void {
    const wanted = new Map(all.map((limits) => [limits.name, limits]));
    for (const [name, level] of this.#levels) {
      if (wanted.has(name)) continue;
      level.retire();
      this.#levels.delete(name);
    }
    for (const [name, limits] of wanted) {
      const level = this.#levels.get(name);
      if (level) level.reconfigure(limits);
      else this.#levels.set(name, new PriorityLevel(limits, this.#pool, this.#options.clock));
    }
    this.#pool.taken = [...this.#levels.values()].reduce((sum, level) => sum + level.held, 0);
    for (const level of this.#levels.values()) level.dispatch();
  }
}

const placeOf = ({ group, resource, subresource = '', namespace = '' }: ApiRequest) => ({ group, resource, subresource, namespace });

/** The defaults as long as the API has none of its own; the mandatory ones in any case, as they have to be. */
function withMandatory<T extends { metadata?: { name?: string; uid?: string }; spec?: object }>(
  stored: readonly T[],
  defaults: readonly T[],
): readonly T[] {
  if (stored.length === 0) return defaults;
  const nameOf = ({ metadata }: T) => metadata?.name ?? '';
  const mandatory = defaults
    .filter((object) => MANDATORY_FLOW_CONTROL.has(nameOf(object)))
    .map((object) => ({ ...(stored.find((other) => nameOf(other) === nameOf(object)) ?? object), spec: object.spec }));
  return [...stored.filter((object) => !MANDATORY_FLOW_CONTROL.has(nameOf(object))), ...mandatory];
}

function refused(count: FlowCount, reason: RejectReason): ApiError {
  count.rejected[reason] += 1;
  return new ApiError('TooManyRequests', 'Too many requests, please try again later.', { details: { retryAfterSeconds: 1 } });
}
