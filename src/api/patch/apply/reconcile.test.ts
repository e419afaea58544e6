import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appliedFields, customResourceType, reconciledSet } from './index.ts';

const schema = ({ atomicMap = false, listType = 'map' } = {}) => ({
  type: 'object',
  properties: {
    jobs: {
      type: 'array',
      'x-kubernetes-list-type': listType,
      ...(listType === 'map' && { 'x-kubernetes-list-map-keys': ['name'] }),
      items: { type: 'object', properties: { name: { type: 'string' }, at: { type: 'string' } } },
    },
    options: { type: 'object', additionalProperties: { type: 'string' }, ...(atomicMap && { 'x-kubernetes-map-type': 'atomic' }) },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
});
const granular = customResourceType(schema());
const atomic = customResourceType(schema({ atomicMap: true, listType: 'atomic' }));
const object = { jobs: [{ name: 'a', at: 'x' }], options: { a: 'b' }, free: { a: { b: 'c' } } };

describe('a set of fields under another schema', () => {
  it('names the whole list and map where these have become atomic', () => {
    const before = appliedFields(object, granular);
    expect(before).toMatchObject({ 'f:jobs': { 'k:{"name":"a"}': { 'f:at': {} } }, 'f:options': { 'f:a': {} } });
    expect(reconciledSet(before, atomic)).toEqual({ ...before, 'f:jobs': {}, 'f:options': {} });
  });

  it('is left alone where they have become granular', () => {
    const before = appliedFields(object, atomic);
    expect(reconciledSet(before, granular)).toBe(before);
  });

  it('is the same set under the schema that it was made by', () => {
    const letters = fc.constantFrom('a', 'b', 'c');
    const job = fc.record({ name: letters, at: letters });
    const content = fc.record({
      jobs: fc.uniqueArray(job, { selector: ({ name }) => name }),
      options: fc.dictionary(letters, letters),
      free: fc.dictionary(letters, fc.jsonValue({ maxDepth: 2 })),
    });
    fc.assert(
      fc.property(content, fc.constantFrom(granular, atomic), (made, type) => {
        const set = appliedFields(made, type);
        expect(reconciledSet(set, type)).toBe(set);
      }),
    );
  });
});
