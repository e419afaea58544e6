import { describe, expect, it } from 'vitest';
import { humanDuration, since } from './duration.ts';

const S = 1000;
const M = 60 * S;
const H = 60 * M;
const D = 24 * H;

describe('humanDuration', () => {
  it.each([
    [-3 * S, '<invalid>'],
    [-500, '0s'],
    [0, '0s'],
    [119 * S, '119s'],
    [2 * M, '2m'],
    [5 * M + 30 * S, '5m30s'],
    [10 * M + 30 * S, '10m'],
    [179 * M, '179m'],
    [3 * H + 5 * M, '3h5m'],
    [8 * H + 59 * M, '8h'],
    [47 * H, '47h'],
    [2 * D, '2d'],
    [3 * D + 5 * H, '3d5h'],
    [8 * D + 5 * H, '8d'],
    [729 * D, '729d'],
    [2 * 365 * D, '2y'],
    [2 * 365 * D + 150 * D, '2y150d'],
    [9 * 365 * D + 3 * D, '9y'],
  ])('words %i ms as %s', (ms, text) => {
    expect(humanDuration(ms)).toBe(text);
  });

  it('says that an absent time is unknown', () => {
    expect(since(undefined, 0)).toBe('<unknown>');
  });
});
