import { MAX_SCORE } from './plugin.ts';

const highest = (scores: Float64Array): number => {
  let max = 0;
  for (let i = 0; i < scores.length; i += 1) max = Math.max(max, scores[i] as number);
  return max;
};

/** The highest becomes 100, the others its share of that, in whole numbers. In place, as upstream's DefaultNormalizeScore. */
export function fitToMaximum(scores: Float64Array): void {
  const max = highest(scores);
  if (max === 0) return;
  for (let i = 0; i < scores.length; i += 1) scores[i] = Math.trunc(((scores[i] as number) * MAX_SCORE) / max);
}

/** The highest becomes 0, none at all 100. */
export function reverseToMaximum(scores: Float64Array): void {
  const max = highest(scores);
  for (let i = 0; i < scores.length; i += 1) {
    scores[i] = max === 0 ? MAX_SCORE : MAX_SCORE - Math.trunc(((scores[i] as number) * MAX_SCORE) / max);
  }
}

/** The lowest becomes 0, the highest 100; all 0 when they are equal. */
export function fitToRange(scores: Float64Array): void {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < scores.length; i += 1) {
    min = Math.min(min, scores[i] as number);
    max = Math.max(max, scores[i] as number);
  }
  for (let i = 0; i < scores.length; i += 1) {
    scores[i] = max === min ? 0 : Math.trunc((MAX_SCORE * ((scores[i] as number) - min)) / (max - min));
  }
}
