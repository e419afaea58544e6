import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ApiError } from '../meta/status.ts';
import { jsonPatch } from './json-patch.ts';

const refusal = (document: object, patch: unknown): ApiError => {
  try {
    jsonPatch(document, patch);
  } catch (e) {
    return e as ApiError;
  }
  throw new Error('expected a refusal');
};
const cause = (document: object, patch: unknown) => refusal(document, patch).cause;

describe('JSON patch', () => {
  // The examples of RFC 6902, appendix A.
  it.each([
    [{ foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { foo: 'bar', baz: 'qux' }],
    [{ foo: ['bar', 'baz'] }, [{ op: 'add', path: '/foo/1', value: 'qux' }], { foo: ['bar', 'qux', 'baz'] }],
    [{ foo: ['bar'] }, [{ op: 'add', path: '/foo/-', value: ['abc'] }], { foo: ['bar', ['abc']] }],
    [{ baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
    [{ foo: ['bar', 'qux', 'baz'] }, [{ op: 'remove', path: '/foo/1' }], { foo: ['bar', 'baz'] }],
    [{ baz: 'qux' }, [{ op: 'replace', path: '/baz', value: 'boo' }], { baz: 'boo' }],
    [{ a: { b: 1 }, c: {} }, [{ op: 'move', from: '/a/b', path: '/c/d' }], { a: {}, c: { d: 1 } }],
    [{ foo: ['all', 'grass', 'cows', 'eat'] }, [{ op: 'move', from: '/foo/1', path: '/foo/3' }], { foo: ['all', 'cows', 'eat', 'grass'] }],
    [{ a: { b: [1] } }, [{ op: 'copy', from: '/a/b', path: '/c' }], { a: { b: [1] }, c: [1] }],
    [
      { '/': 9, '~1': 10 },
      [
        { op: 'test', path: '/~01', value: 10 },
        { op: 'test', path: '/~1', value: 9 },
      ],
      { '/': 9, '~1': 10 },
    ],
    [{ a: { x: 1, y: [2] } }, [{ op: 'test', path: '/a', value: { y: [2], x: 1 } }], { a: { x: 1, y: [2] } }],
    [{ a: 1 }, [{ op: 'replace', path: '', value: { b: 2 } }], { b: 2 }],
    [{ a: 1 }, [{ op: 'test', path: '', value: { a: 1 } }], { a: 1 }],
    [{ a: 1 }, [{ op: 'test', path: '/b', value: null }], { a: 1 }],
  ])('%j with %j is %j', (document, patch, expected) => {
    const before = structuredClone(document);
    expect(jsonPatch<object>(document, patch)).toEqual(expected);
    expect(document).toEqual(before);
  });

  // What RFC 6902 does not allow, and clients of Kubernetes do: Tekton marks its pods by replacing an annotation that they do not have.
  it.each([
    [{ a: {} }, [{ op: 'replace', path: '/a/b~1c', value: 1 }], { a: { 'b/c': 1 } }],
    [{ a: {} }, [{ op: 'copy', from: '/b', path: '/a/c' }], { a: { c: null } }],
    [{ a: [1, 2, 3] }, [{ op: 'replace', path: '/a/-1', value: 4 }], { a: [1, 2, 4] }],
    [{ a: [1, 2, 3] }, [{ op: 'remove', path: '/a/-3' }], { a: [2, 3] }],
    [{ a: [1, 2] }, [{ op: 'add', path: '/a/-1', value: 3 }], { a: [1, 2, 3] }],
    [{ a: [1, 2] }, [{ op: 'add', path: '/a/-3', value: 3 }], { a: [3, 1, 2] }],
    [{ a: [{ b: 1 }] }, [{ op: 'replace', path: '/a/00/b', value: 2 }], { a: [{ b: 2 }] }],
  ])('%j with %j is %j, as upstream has it', (document, patch, expected) => {
    expect(jsonPatch<object>(document, patch)).toEqual(expected);
  });

  it('refuses operations that do not apply with 422 and their reason', () => {
    expect(refusal({}, [{ op: 'remove', path: '/a' }]).code).toBe(422);
    expect(cause({ a: 1 }, [{ op: 'jump', path: '/a' }])).toBe('Unexpected kind: jump');
    expect(cause({ a: 1 }, [{ path: '/a' }])).toBe('Unexpected kind: unknown');
    expect(cause({ a: 1 }, [{ op: 'replace', path: '', value: 1 }])).toBe('replace operation value must be object or array');
    expect(cause({ a: 1 }, [{ op: 'replace', path: '', value: [] }])).toBe('the patched document is not an object');
    expect(cause({ a: 1 }, [{ op: 'test', path: '/a', value: 2 }])).toBe('testing value /a failed: test failed');
    expect(cause({ a: 1 }, [{ op: 'move', path: '/a' }])).toBe(
      'move operation failed to decode from: operation missing from field: missing value',
    );
  });

  it.each([
    [{ op: 'add', path: '/x/b' }, 'add operation does not apply: doc is missing path: "/x/b": missing value'],
    [{ op: 'add', path: '' }, 'add operation does not apply: doc is missing path: "": missing value'],
    [{ op: 'add', path: 'a' }, 'add operation does not apply: doc is missing path: "a": missing value'],
    [{ op: 'add', path: '/list/2' }, "error in add for path: '/list/2': Unable to access invalid index: 2: invalid index referenced"],
    [{ op: 'add', path: '/list/-3' }, "error in add for path: '/list/-3': Unable to access invalid index: -3: invalid index referenced"],
    [
      { op: 'add', path: '/list/x' },
      "error in add for path: '/list/x': value was not a proper array index: 'x': strconv.Atoi: parsing \"x\": invalid syntax",
    ],
    [{ op: 'remove', path: '/x' }, "error in remove for path: '/x': Unable to remove nonexistent key: x: missing value"],
    [{ op: 'remove', path: '/list/1' }, "error in remove for path: '/list/1': Unable to access invalid index: 1: invalid index referenced"],
    [{ op: 'remove', path: '' }, 'remove operation does not apply: doc is missing path: "": missing value'],
    [{ op: 'replace', path: '/x/b' }, 'replace operation does not apply: doc is missing path: /x/b: missing value'],
    [{ op: 'replace', path: '/list/1' }, 'replace operation does not apply: doc is missing key: /list/1: missing value'],
    [{ op: 'test', path: '/x/b' }, 'test operation does not apply: is missing path: /x/b: missing value'],
    [{ op: 'move', from: '/x', path: '/b' }, "error in move for path: 'x': Unable to remove nonexistent key: x: missing value"],
    [{ op: 'move', from: '/a', path: '/a/b' }, 'move operation does not apply: doc is missing destination path: /a/b: missing value'],
    [{ op: 'copy', from: '/x/b', path: '/b' }, 'copy operation does not apply: doc is missing from path: /x/b: missing value'],
    [{ op: 'copy', from: '/a', path: '/x/b' }, 'copy operation does not apply: doc is missing destination path: /x/b: missing value'],
  ])('refuses %j: %s', (operation, why) => {
    expect(cause({ a: {}, list: [0] }, [operation])).toBe(why);
  });

  it('refuses what is not a patch with 400', () => {
    expect(refusal({}, { op: 'add' }).code).toBe(400);
    expect(refusal({}, ['add']).code).toBe(400);
  });

  it('bounds operations and copied bytes', () => {
    const many = Array.from({ length: 10_001 }, () => ({ op: 'add', path: '/a', value: 1 }));
    expect(refusal({}, many).message).toBe('The allowed maximum operations in a JSON patch is 10000, got 10001');
    const doubling = Array.from({ length: 40 }, () => ({ op: 'copy', from: '/a', path: '/a/-' }));
    expect(cause({ a: ['x'.repeat(1000)] }, doubling)).toContain('exceeding the limit');
  });

  it('never reaches a prototype', () => {
    const patched = jsonPatch<Record<string, unknown>>({}, [{ op: 'add', path: '/__proto__', value: { polluted: 1 } }]);
    expect(Object.getPrototypeOf(patched)).toBe(Object.prototype);
    expect(refusal({}, [{ op: 'add', path: '/constructor/prototype/polluted', value: 1 }]).code).toBe(422);
  });

  it('undoes an addition by a removal', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (document, value) => {
        const added = jsonPatch<object>(document, [{ op: 'add', path: '/a~1new key', value }]);
        const { 'a/new key': _, ...rest } = document;
        expect(jsonPatch<object>(added, [{ op: 'remove', path: '/a~1new key' }])).toEqual(rest);
      }),
    );
  });
});
