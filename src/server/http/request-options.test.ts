import { expect, it } from 'vitest';
import type { RequestOptions, Verb } from '../../api/transport.ts';
import { deleteOptionsIn, requestOptions } from './request-options.ts';
import { queryOf } from './resource-request.ts';

it.each<[Verb, string, RequestOptions]>([
  ['list', 'limit=1&limit=2&fieldSelector=metadata.name%3Da&fieldSelector=x%3Dy', { limit: 1, fieldSelector: 'metadata.name=a' }],
  ['list', 'limit=9223372036854775807', { limit: Number(2n ** 63n - 1n) }],
  ['list', 'limit=-1&labelSelector=', {}],
  ['watch', 'limit=0&timeoutSeconds=-1', { timeoutSeconds: -1 }],
  ['list', 'limit=1;watch=true&continue=%zz&labelSelector=a;b', {}],
  ['get', 'limit=x&timeoutSeconds=&resourceVersion=3', { resourceVersion: '3' }],
  ['create', 'limit=x&fieldManager=m&force=1', { fieldManager: 'm' }],
  ['patch', 'force=no&fieldManager=m', { fieldManager: 'm', force: true }],
])('%s understands of ?%s what its options have', (verb, query, options) => {
  expect(requestOptions(queryOf(`/x?${query}`), verb)).toEqual(options);
});

it.each([
  ['limit=', 'strconv.ParseInt: parsing "": invalid syntax'],
  ['timeoutSeconds=', 'strconv.ParseInt: parsing "": invalid syntax'],
  ['limit=1.5', 'strconv.ParseInt: parsing "1.5": invalid syntax'],
  ['limit=9223372036854775808', 'strconv.ParseInt: parsing "9223372036854775808": value out of range'],
])('a list with ?%s is refused', (query, message) => {
  expect(() => requestOptions(queryOf(`/x?${query}`), 'list')).toThrow(expect.objectContaining({ reason: 'BadRequest', message }));
});

it('a read is refused an export, which was given up, unless it says no', () => {
  const message = 'the export parameter, deprecated since v1.14, is no longer supported';
  for (const query of ['export', 'export=true', 'export=x&limit=1'])
    expect(() => requestOptions(queryOf(`/x?${query}`), 'get')).toThrow(message);
  expect(requestOptions(queryOf('/x?export=0'), 'get')).toEqual({});
  expect(requestOptions(queryOf('/x?export=1'), 'list')).toEqual({});
});

it('a deletion names its preconditions in the query, and takes no empty policy or grace for none', () => {
  expect(deleteOptionsIn(queryOf('/x?uid=u&resourceVersion=3'))).toEqual({ preconditions: { uid: 'u', resourceVersion: '3' } });
  expect(deleteOptionsIn(queryOf('/x?propagationPolicy='))).toEqual({ propagationPolicy: '' });
  expect(() => deleteOptionsIn(queryOf('/x?gracePeriodSeconds='))).toThrow('strconv.ParseInt: parsing "": invalid syntax');
});
