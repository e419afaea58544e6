import type { Clock } from '../../base/clock.ts';
import { hostProcesses, isAlive } from '../host/processes.ts';
import type { OwnProcesses, ProcessEntry } from './process-plan.ts';

/** containerd ends within this after SIGTERM; after SIGKILL only a process that waits for a device outlives it. */
const GRACE_MS = 10_000;
const POLL_MS = 20;
/** Processes that fork while they are ended are found in the next round. */
const ROUNDS = 5;

export interface EndOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Reads what is there now: containerd and shims come and go while others end. */
export type FindOwn = () => Promise<OwnProcesses>;

async function survivorsAfter(entries: readonly ProcessEntry[], { clock, signal }: EndOptions): Promise<ProcessEntry[]> {
  const deadline = clock.monotonic() + GRACE_MS;
  for (let left = [...entries]; ; await clock.sleep(POLL_MS, { signal })) {
    const alive = await Promise.all(left.map(isAlive));
    left = left.filter((_, at) => alive[at]);
    if (left.length === 0 || clock.monotonic() > deadline) return left;
  }
}

async function kill(entries: readonly ProcessEntry[], options: EndOptions): Promise<void> {
  for (const entry of entries) await hostProcesses.kill(entry, 'SIGKILL');
  const left = await survivorsAfter(entries, options);
  if (left.length > 0) throw new Error(`still running after SIGKILL: ${left.map(({ pid }) => pid).join(', ')}`);
}

/** Ends containerd in order, so that its database is closed; by force when it takes too long. Resolves with how many there were. */
export async function endContainerd(find: FindOwn, options: EndOptions): Promise<number> {
  const { containerd } = await find();
  for (const entry of containerd) await hostProcesses.kill(entry, 'SIGTERM');
  await kill(await survivorsAfter(containerd, options), options);
  return containerd.length;
}

/**
 * Ends all containers, then their shims: while a shim lives, whatever its containers' processes leave behind becomes its child and is found again.
 * Resolves with how many processes there were. To be called when containerd has ended, which would start none anew.
 */
export async function endContainers(find: FindOwn, options: EndOptions): Promise<number> {
  let ended = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const { contained } = await find();
    if (contained.length === 0) break;
    await kill(contained, options);
    ended += contained.length;
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    const { shims, contained } = await find();
    if (shims.length + contained.length === 0) return ended;
    await kill([...shims, ...contained], options);
    ended += shims.length + contained.length;
  }
  throw new Error('processes of containers keep coming back');
}
