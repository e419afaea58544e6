import { describe, expect, it } from 'vitest';
import { aborted } from './abort.ts';
import { type Component, runAll } from './component.ts';
import { runInOrder } from './run-in-order.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

function recorder() {
  const story: string[] = [];
  const component = (name: string, options: { fails?: Promise<unknown>; ends?: boolean } = {}): Component => ({
    name,
    async run({ signal, ready }) {
      story.push(`${name} starts`);
      ready();
      if (options.ends) return;
      await Promise.race([aborted(signal), options.fails ?? new Promise(() => {})]);
      story.push(`${name} stops`);
    },
  });
  return { story, component };
}

describe('components in order', () => {
  it('start forwards and stop backwards', async () => {
    const { story, component } = recorder();
    const stop = new AbortController();
    const run = runInOrder([component('a'), component('once', { ends: true }), component('b')], {
      signal: stop.signal,
      ready: () => story.push('ready'),
    });
    await settle();
    stop.abort();
    await run;
    expect(story).toEqual(['a starts', 'once starts', 'b starts', 'ready', 'b stops', 'a stops']);
  });

  it('all stop when one fails, and its error is the outcome', async () => {
    const { story, component } = recorder();
    const broken = Promise.withResolvers<never>();
    const run = runInOrder([component('a'), component('b', { fails: broken.promise })], {
      signal: new AbortController().signal,
      ready: () => {},
    });
    const outcome = expect(run).rejects.toThrow('disk full');
    await settle();
    broken.reject(new Error('disk full'));
    await outcome;
    expect(story.at(-1)).toBe('a stops');
  });
});

describe('components side by side', () => {
  it('are ready when all are, and end together', async () => {
    const { story, component } = recorder();
    const stop = new AbortController();
    const run = runAll([component('a'), component('b')], { signal: stop.signal, ready: () => story.push('ready') });
    await settle();
    stop.abort();
    await run;
    expect(story).toEqual(['a starts', 'b starts', 'ready', 'a stops', 'b stops']);
  });
});
