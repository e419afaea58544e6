import type { ApiRequest } from '../../api/transport.ts';
import type { LevelLimits } from './limits-plan.ts';

/** What a request costs, in seats (KEP-1040, "Width of requests"): more than one for large lists and for writes that many watch. */
export interface Width {
  /** While it is answered. */
  readonly seats: number;
  /** After it is answered, for as long as its event is on the way to its watchers. */
  readonly finalSeats: number;
  readonly finalMs: number;
}

/** What is there of the requested resource. */
export interface ResourceLoad {
  readonly objects: number;
  /** Of one object as JSON. */
  readonly averageBytes: number;
}

/** What a server knows of what requests ask for. */
export interface LoadEstimate {
  /** undefined: another server has them. */
  of(request: ApiRequest): ResourceLoad | undefined;
  /** How many watch over HTTP what the request changes. */
  watchers(request: ApiRequest): number;
}

/** Upstream's figures (apiserver, flowcontrol/request). */
const BYTES_PER_SEAT = 100_000;
const MOST_BYTES_AT_ONCE = 1_000_000;
const WATCHERS_PER_SEAT = 10;
const MOST_FINAL_SEATS = 10;
const EVENT_MS = 5;
const MOST_OF_LEVEL = 0.15;

export const ONE_SEAT: Width = { seats: 1, finalSeats: 0, finalMs: 0 };

/** No request takes more of its level than this. */
export function mostSeats({ nominal, queuing }: Pick<LevelLimits, 'nominal' | 'queuing'>): number {
  const byHand = queuing ? Math.floor(nominal / Math.max(queuing.handSize, 1)) : nominal;
  return Math.max(1, Math.min(Math.ceil(nominal * MOST_OF_LEVEL), byHand));
}

export function widthOf(request: ApiRequest | undefined, load: LoadEstimate, most: number): Width {
  switch (request?.verb) {
    case 'list':
    case 'watch':
      return listWidth(request, load, most);
    case 'create':
    case 'update':
    case 'patch':
    case 'delete':
      return writeWidth(request, load, most);
    default:
      return ONE_SEAT;
  }
}

/** Lists, and watches that begin with the state there is, are answered from memory in pieces: no more than a megabyte counts. */
function listWidth(request: ApiRequest, load: LoadEstimate, most: number): Width {
  const { limit = 0, resourceVersion = '', sendInitialEvents, fieldSelector = '' } = request.options ?? {};
  const sendsState = sendInitialEvents || resourceVersion === '' || resourceVersion === '0';
  if ((request.verb === 'watch' && !sendsState) || NAMES_ONE.test(fieldSelector)) return ONE_SEAT;
  const there = load.of(request);
  if (!there) return ONE_SEAT;
  const objects = limit > 0 ? Math.min(limit, there.objects) : there.objects;
  const seats = Math.ceil(Math.min(objects * there.averageBytes, MOST_BYTES_AT_ONCE) / BYTES_PER_SEAT);
  return seats <= 1 || most <= 1 ? ONE_SEAT : { seats: Math.min(seats, most), finalSeats: 0, finalMs: 0 };
}

const NAMES_ONE = /(?:^|,)metadata\.name==?[^,=]/;

/** A few watchers cost nothing that is worth counting. What is more than the level gives at once takes longer instead. */
function writeWidth(request: ApiRequest, load: LoadEstimate, most: number): Width {
  if (request.resource === 'serviceaccounts' && request.subresource === 'token') return ONE_SEAT;
  const watchers = load.watchers(request);
  if (watchers < WATCHERS_PER_SEAT) return ONE_SEAT;
  const seats = Math.ceil(watchers / WATCHERS_PER_SEAT);
  const finalSeats = Math.min(seats, most, MOST_FINAL_SEATS);
  return { seats: 1, finalSeats, finalMs: (seats * EVENT_MS) / finalSeats };
}
