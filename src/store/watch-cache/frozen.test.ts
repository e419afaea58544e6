import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepFreeze, freezeLike, shareLike } from './frozen.ts';
import { Siblings } from './siblings.ts';

const isDeeplyFrozen = (value: unknown): boolean =>
  typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen));

const json = fc.jsonValue({ maxDepth: 4 });

describe('an object that is frozen like another', () => {
  it('says the same as before, deeply frozen, whatever the other is', () => {
    fc.assert(
      fc.property(json, json, (value, like) => {
        const text = JSON.stringify(value);
        const frozen = freezeLike(JSON.parse(text), deepFreeze(like));
        expect(frozen).toEqual(JSON.parse(text));
        expect(isDeeplyFrozen(frozen)).toBe(true);
      }),
    );
  });

  it('has no part of its own that the other has in the same place', () => {
    const pod = (name: string, image: string) => ({
      metadata: { name, labels: { app: 'web' } },
      spec: { containers: [{ name: 'main', image, env: [{ name: 'A', value: 'B' }] }], tolerations: [{ operator: 'Exists' }] },
    });
    const like = deepFreeze(pod('a', 'web:1'));
    const frozen = freezeLike(pod('b', 'web:2'), like);
    expect(frozen).toEqual(pod('b', 'web:2'));
    expect(frozen.metadata.labels).toBe(like.metadata.labels);
    expect(frozen.spec.tolerations).toBe(like.spec.tolerations);
    expect(frozen.spec.containers[0]?.env).toBe(like.spec.containers[0]?.env);
    expect(frozen.spec.containers).not.toBe(like.spec.containers);
  });

  it('takes nothing from prototypes, and no list for a map', () => {
    const value = JSON.parse('{"__proto__": {}, "constructor": {}, "list": {}, "map": [], "gone": {}}');
    const frozen = freezeLike(value, deepFreeze({ list: [], map: {} }));
    expect(JSON.stringify(frozen)).toBe('{"__proto__":{},"constructor":{},"list":{},"map":[],"gone":{}}');
  });
});

describe('an object that shares what it has in common with another', () => {
  it('says the same as before, whatever the other is', () => {
    fc.assert(
      fc.property(json, json, (value, like) => {
        const text = JSON.stringify(value);
        const shared = JSON.parse(text);
        shareLike(shared, deepFreeze(like));
        expect(shared).toEqual(JSON.parse(text));
      }),
    );
  });

  it('can be changed still where it differs', () => {
    const like = deepFreeze({ spec: { image: 'web:1', env: ['A'] }, status: { phase: 'Running' } });
    const value: Record<string, Record<string, unknown>> = { spec: { image: 'web:2', env: ['A'] }, status: { phase: 'Running' } };
    shareLike(value, like);
    expect(value.status).toBe(like.status);
    expect(value.spec?.env).toBe(like.spec.env);
    expect(Object.isFrozen(value) || Object.isFrozen(value.spec)).toBe(false);
  });
});

describe('siblings', () => {
  it('are those whose names begin alike', () => {
    const siblings = new Siblings<object>();
    const first = { name: 'web-5d4f8-x2vjq' };
    siblings.remember('/registry/core/pods/n/web-5d4f8-x2vjq', first);
    expect(siblings.of('/registry/core/pods/n/web-5d4f8-9zzzz')).toBe(first);
    expect(siblings.of('/registry/core/pods/n/web-77777-9zzzz')).toBeUndefined();
    expect(siblings.of('/registry/core/pods/other/web-5d4f8-9zzzz')).toBeUndefined();
  });

  it('are forgotten when many others came since', () => {
    const siblings = new Siblings<object>();
    for (let i = 0; i < 1000; i += 1) siblings.remember(`/pods/n/name-${i}-x`, { i });
    expect(siblings.of('/pods/n/name-0-y')).toBeUndefined();
    expect(siblings.of('/pods/n/name-999-y')).toEqual({ i: 999 });
  });
});
