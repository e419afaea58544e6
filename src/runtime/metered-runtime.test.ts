import { expect, test } from 'vitest';
import { fakeClock } from '../base/fake-clock.ts';
import { meteredRuntime } from './metered-runtime.ts';
import { type Runtime, RuntimeError } from './runtime.ts';

const { signal } = new AbortController();

function start(runtime: Partial<Runtime>) {
  const clock = fakeClock();
  const seen: [string, number, boolean][] = [];
  // What a test does not call is bound all the same.
  const whole = new Proxy(runtime, { get: (target, name) => Reflect.get(target, name) ?? (() => {}) }) as Runtime;
  return { clock, seen, metered: meteredRuntime(whole, clock, (...call) => void seen.push(call)) };
}

test('calls are passed on, and told by their CRI name when they are over', async () => {
  const { clock, seen, metered } = start({
    async startContainer(id) {
      await clock.advance(1500);
      expect(id).toBe('c1');
    },
    listImages: async () => [],
  });
  await metered.startContainer('c1', { signal });
  expect(await metered.listImages({ signal })).toEqual([]);
  expect(seen).toEqual([
    ['start_container', 1.5, false],
    ['list_images', 0, false],
  ]);
});

test('calls that fail fail as before, and are told as failed', async () => {
  const gone = new RuntimeError('NotFound', 'no such container');
  const { seen, metered } = start({
    async containerStatus() {
      throw gone;
    },
  });
  await expect(metered.containerStatus('c1', { signal })).rejects.toBe(gone);
  expect(seen).toEqual([['container_status', 0, true]]);
});
