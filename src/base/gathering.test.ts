import { expect, it } from 'vitest';
import { fakeClock } from './fake-clock.ts';
import { Gathering } from './gathering.ts';

it('does at once what comes alone, and together what comes soon after', async () => {
  const clock = fakeClock();
  const gathering = new Gathering(clock, 100);
  const done: string[] = [];
  const work = async (name: string) => {
    await gathering.take();
    done.push(name);
  };
  await work('alone');
  await clock.advance(40);
  const [second, third] = [work('second'), work('third')];
  await clock.advance(59);
  expect(done).toEqual(['alone']);
  await clock.advance(1);
  await Promise.all([second, third]);
  expect(done).toEqual(['alone', 'second', 'third']);

  await clock.advance(99);
  const fourth = work('fourth');
  expect(done).toHaveLength(3);
  await clock.advance(1);
  await fourth;
  await clock.advance(100);
  await work('after a pause');
  expect(done).toEqual(['alone', 'second', 'third', 'fourth', 'after a pause']);
});
