import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ApiRequest, RequestOptions, Verb } from '../../api/transport.ts';
import { mostSeats, ONE_SEAT, widthOf } from './width-plan.ts';

const request = (verb: Verb, options: RequestOptions = {}, more: Partial<ApiRequest> = {}): ApiRequest => ({
  verb,
  group: '',
  version: 'v1',
  resource: 'pods',
  options,
  ...more,
});
const load = (objects: number, averageBytes: number, watchers = 0) => ({ of: () => ({ objects, averageBytes }), watchers: () => watchers });

describe('a list', () => {
  it.each<[number, number, RequestOptions, number]>([
    [10, 3_000, {}, 1],
    [100, 3_000, {}, 3],
    [5_000, 3_000, {}, 10],
    [5_000, 3_000, { limit: 100 }, 3],
    [5_000, 3_000, { fieldSelector: 'metadata.name=a' }, 1],
    [5_000, 3_000, { labelSelector: 'a=b' }, 10],
    [0, 0, {}, 1],
  ])('of %i objects of %i bytes with %j takes %i seats', (objects, bytes, options, seats) => {
    expect(widthOf(request('list', options), load(objects, bytes), 100)).toMatchObject({ seats, finalSeats: 0 });
  });

  it('that another server answers takes one', () => {
    expect(widthOf(request('list'), { of: () => undefined, watchers: () => 0 }, 100)).toEqual(ONE_SEAT);
  });
});

it('a watch is as wide as a list when it begins with one', () => {
  const seats = (options: RequestOptions) => widthOf(request('watch', options), load(5_000, 3_000), 100).seats;
  expect([seats({}), seats({ resourceVersion: '0' }), seats({ resourceVersion: '5', sendInitialEvents: true })]).toEqual([10, 10, 10]);
  expect(seats({ resourceVersion: '5' })).toBe(1);
});

describe('a write', () => {
  it.each([
    [9, 10, { finalSeats: 0, finalMs: 0 }],
    [10, 10, { finalSeats: 1, finalMs: 5 }],
    [95, 10, { finalSeats: 10, finalMs: 5 }],
    [400, 10, { finalSeats: 10, finalMs: 20 }],
    [400, 2, { finalSeats: 2, finalMs: 100 }],
  ])('that %i watch keeps of %i seats for its events %j', (watchers, most, kept) => {
    expect(widthOf(request('patch'), load(0, 0, watchers), most)).toEqual({ seats: 1, ...kept });
  });

  it('that makes a token makes no event', () => {
    const token = request('create', {}, { resource: 'serviceaccounts', subresource: 'token' });
    expect(widthOf(token, load(0, 0, 500), 10)).toEqual(ONE_SEAT);
  });
});

it('nothing takes no seat, nor more than its level gives', () => {
  const verbs = fc.constantFrom<Verb>('get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection');
  const limits = fc.record({ nominal: fc.nat(1000), handSize: fc.nat(10), queues: fc.boolean() });
  fc.assert(
    fc.property(verbs, fc.nat(1e6), fc.nat(1e6), fc.nat(1e5), limits, (verb, objects, bytes, watchers, { nominal, handSize, queues }) => {
      const most = mostSeats({ nominal, queuing: queues ? { queues: 64, handSize, queueLengthLimit: 50 } : undefined });
      const { seats, finalSeats } = widthOf(request(verb), load(objects, bytes, watchers), most);
      expect(seats).toBeGreaterThanOrEqual(1);
      expect(Math.max(seats, finalSeats)).toBeLessThanOrEqual(most);
      expect(most).toBeLessThanOrEqual(Math.max(1, nominal));
    }),
  );
});
