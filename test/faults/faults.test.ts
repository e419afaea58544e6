import fc from 'fast-check';
import { describe, it } from 'vitest';
import { play } from './play.ts';
import { scenarios } from './scenario.ts';

/**
 * Each seed is one scenario, always the same. One that fails is made smaller as long as it still fails, and printed; `node test/faults/survey.ts --from SEED --count 1 --trace`
 * shows everything that happens in it. More than these: MINIK_FAULT_SEEDS=first-last, or the survey.
 */
const [first = 1, last = 10] = process.env.MINIK_FAULT_SEEDS?.split('-').map(Number) ?? [];
const SHRINK_MS = 60_000;

describe('whatever goes wrong, every promise holds at every write, the end state is right, and then nothing is written', () => {
  it.each(Array.from({ length: last - first + 1 }, (_, i) => first + i))(
    'seed %i',
    (seed) =>
      fc.assert(
        fc.asyncProperty(scenarios, (scenario) => play(scenario)),
        { seed, numRuns: 1, interruptAfterTimeLimit: SHRINK_MS },
      ),
    2 * SHRINK_MS,
  );
});
