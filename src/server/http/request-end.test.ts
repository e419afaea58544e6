import { expect, it } from 'vitest';
import { RequestEnd } from './request-end.ts';

it('tells those who asked for the signal before, once', () => {
  const end = new RequestEnd();
  let told = 0;
  end.signal.addEventListener('abort', () => {
    told += 1;
  });
  expect([end.isOver, end.signal.aborted]).toEqual([false, false]);
  end.end();
  end.end();
  expect([end.isOver, end.signal.aborted, told]).toEqual([true, true, 1]);
});

it('tells those who ask for the signal afterwards', () => {
  const end = new RequestEnd();
  end.end();
  expect(end.signal.aborted).toBe(true);
  expect(end.signal.reason).toMatchObject({ name: 'AbortError' });
});
