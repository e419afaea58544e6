import { describe, expect, it } from 'vitest';
import { SharedCalls } from './shared-calls.ts';

describe('shared calls', () => {
  const never = () => new AbortController().signal;

  it('are made once for callers that come while one is under way, and again after', async () => {
    const calls = new SharedCalls<number>();
    let made = 0;
    const start = async () => {
      made += 1;
      return made;
    };
    expect(await Promise.all([calls.run('a', { signal: never() }, start), calls.run('a', { signal: never() }, start)])).toEqual([1, 1]);
    expect(await calls.run('a', { signal: never() }, start)).toBe(2);
  });

  it('go on for the others when one caller gives up, and are aborted when all have', async () => {
    const calls = new SharedCalls<string>();
    const gate = Promise.withResolvers<string>();
    let signal: AbortSignal | undefined;
    const start = (options: { signal: AbortSignal }) => {
      signal = options.signal;
      return gate.promise;
    };
    const [first, second] = [new AbortController(), new AbortController()];
    const one = calls.run('a', first, start);
    const two = calls.run('a', second, start);
    first.abort(new Error('first gave up'));
    await expect(one).rejects.toThrow('first gave up');
    expect(signal?.aborted).toBe(false);
    second.abort(new Error('second gave up'));
    await expect(two).rejects.toThrow('second gave up');
    expect(signal?.aborted).toBe(true);
    gate.resolve('too late');
  });

  it('fail for all callers alike', async () => {
    const calls = new SharedCalls<string>();
    const start = () => Promise.reject(new Error('no'));
    const both = [calls.run('a', { signal: never() }, start), calls.run('a', { signal: never() }, start)];
    expect((await Promise.allSettled(both)).map((r) => r.status)).toEqual(['rejected', 'rejected']);
  });
});
