import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  difference,
  differenceWithBelow,
  equalSets,
  type FieldSet,
  forEachField,
  hasField,
  intersection,
  isEmptySet,
  NO_FIELDS,
  singleField,
  union,
} from './field-set.ts';
import { compareElements, printPath, readFieldSet, sortSet } from './path-element.ts';

const path = fc.array(fc.constantFrom('f:a', 'f:b', 'k:{"name":"x"}', 'v:1', 'i:0'), { minLength: 1, maxLength: 4 });
const paths = fc.array(path, { maxLength: 8 });
const setOf = (list: readonly (readonly string[])[]): FieldSet => list.map(singleField).reduce(union, NO_FIELDS);

/** The fields of a set as texts: what the tree stands for. */
function fieldsOf(set: FieldSet): Set<string> {
  const out = new Set<string>();
  forEachField(set, (field) => out.add(field.join(' ')));
  return out;
}
const texts = (list: readonly (readonly string[])[]) => new Set(list.map((p) => p.join(' ')));

describe('sets of fields', () => {
  it('hold exactly the fields that were put in', () => {
    fc.assert(
      fc.property(paths, path, (list, other) => {
        expect(fieldsOf(setOf(list))).toEqual(texts(list));
        expect(hasField(setOf(list), other)).toBe(texts(list).has(other.join(' ')));
      }),
    );
  });

  it('unite, intersect and differ as sets of paths do', () => {
    fc.assert(
      fc.property(paths, paths, (a, b) => {
        const [x, y] = [texts(a), texts(b)];
        expect(fieldsOf(union(setOf(a), setOf(b)))).toEqual(new Set([...x, ...y]));
        expect(fieldsOf(intersection(setOf(a), setOf(b)))).toEqual(new Set([...x].filter((field) => y.has(field))));
        expect(fieldsOf(difference(setOf(a), setOf(b)))).toEqual(new Set([...x].filter((field) => !y.has(field))));
      }),
    );
  });

  it('lose what is below a field when they lose it with all below', () => {
    fc.assert(
      fc.property(paths, paths, (a, b) => {
        const kept = a.filter((field) => !b.some((gone) => gone.every((element, i) => field[i] === element)));
        expect(fieldsOf(differenceWithBelow(setOf(a), setOf(b)))).toEqual(texts(kept));
      }),
    );
  });

  it('stay the same object when an operation changes nothing', () => {
    fc.assert(
      fc.property(paths, (a) => {
        const set = setOf(a);
        expect(union(set, set)).toBe(set);
        expect(union(set, NO_FIELDS)).toBe(set);
        expect(difference(set, NO_FIELDS)).toBe(set);
        expect(isEmptySet(difference(set, set))).toBe(true);
      }),
    );
  });

  it('are never changed by an operation', () => {
    fc.assert(
      fc.property(paths, paths, (a, b) => {
        const [x, y] = [setOf(a), setOf(b)];
        const before = JSON.stringify([x, y]);
        union(x, y);
        difference(x, y);
        intersection(x, y);
        sortSet(x);
        expect(JSON.stringify([x, y])).toBe(before);
      }),
    );
  });

  it('survive being written as JSON and read again', () => {
    fc.assert(
      fc.property(paths, (a) => {
        expect(equalSets(readFieldSet(JSON.parse(JSON.stringify(setOf(a)))), setOf(a))).toBe(true);
      }),
    );
  });

  it('are sorted into one form, whatever the order they were made in', () => {
    fc.assert(
      fc.property(paths, (a) => {
        expect(JSON.stringify(sortSet(setOf(a)))).toBe(JSON.stringify(sortSet(setOf([...a].reverse()))));
      }),
    );
  });
});

describe('elements of paths', () => {
  it('sort by kind, then by name, by keys and values, by number', () => {
    const ordered = [
      '.',
      'f:a',
      'f:b',
      'k:{"containerPort":80,"protocol":"TCP"}',
      'k:{"containerPort":443,"protocol":"TCP"}',
      'k:{"name":"a"}',
      'v:2',
      'v:10',
      'v:"a"',
      'i:1',
      'i:12',
    ];
    expect([...ordered].reverse().sort(compareElements)).toEqual(ordered);
  });

  it('are printed as upstream prints them', () => {
    expect(printPath(['f:spec', 'f:containers', 'k:{"name":"app"}', 'f:image'])).toBe('.spec.containers[name="app"].image');
    expect(printPath(['f:ports', 'k:{"containerPort":80,"protocol":"TCP"}'])).toBe('.ports[containerPort=80,protocol="TCP"]');
    expect(printPath(['f:metadata', 'f:finalizers', 'v:"a/b"'])).toBe('.metadata.finalizers[="a/b"]');
    expect(printPath(['f:list', 'i:3'])).toBe('.list[3]');
  });

  it('are brought into one form when a client sends them in another', () => {
    expect(readFieldSet({ 'f:a': { '.': {}, 'k:{ "b": 1, "a": "x<y" }': {} } })).toEqual({
      'f:a': { '.': {}, 'k:{"a":"x\\u003cy","b":1}': {} },
    });
  });

  it('are left out when a later version made them, and refused when nobody can have', () => {
    expect(readFieldSet({ 'f:a': {}, 'x:future': { 'f:b': {} } })).toEqual({ 'f:a': {} });
    for (const bad of [{ nocolon: {} }, { 'k:[1]': {} }, { 'v:{': {} }, { 'i:x': {} }, { 'f:a': 1 }, [], 'x']) {
      expect(() => readFieldSet(bad)).toThrow(SyntaxError);
    }
  });
});
