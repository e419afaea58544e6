import { requestsUnderWay } from './actor.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const QUIET_TURNS = 3;
/** Requests that wait for the clock are under way for longer than this. */
const MOST_TURNS = 1_000;

/** Resolves when no request is under way, and what they set off is done. */
export async function settled(): Promise<void> {
  for (let quiet = 0, turns = 0; quiet < QUIET_TURNS && turns < MOST_TURNS; turns += 1) {
    await turn();
    quiet = requestsUnderWay() === 0 ? quiet + 1 : 0;
  }
}
