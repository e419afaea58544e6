import type { Random } from '../../src/base/random.ts';

/** Chance from a seed: the same seed gives the same throws, on any machine. */
export interface Dice {
  readonly random: Random;
  /** True in this share of throws. */
  chance(share: number): boolean;
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number;
  pick<T>(of: readonly T[]): T | undefined;
  /** Dice of their own for somebody: how often he throws changes nothing for others. */
  fork(name: string): Dice;
}

export function dice(seed: number): Dice {
  const random = mulberry32(seed);
  const between = (least: number, most: number) => least + Math.floor(random() * (most - least + 1));
  return {
    random,
    chance: (share) => random() < share,
    between,
    pick: (of) => of[between(0, of.length - 1)],
    fork: (name) => dice(seed ^ hashOf(name)),
  };
}

/** Tommy Ettinger's generator of 32 bits of state: small, quick, and good enough for tests. */
function mulberry32(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
