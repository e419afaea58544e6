/** A load generator's process: one job by IPC, one result back. */
import { once } from 'node:events';
import { type Job, type Message, STOP } from './job.ts';
import { runNodes } from './nodes.ts';
import { runRequests } from './requests.ts';
import { runWatchers } from './watchers.ts';

const say = (message: Message) => new Promise<void>((resolve) => process.send?.(message, () => resolve()));

const [job] = (await once(process, 'message')) as [Job];
const ready = () => void say({ ready: true });
const stopped = new Promise<void>((resolve) => {
  process.on('message', (message) => {
    if (message === STOP) resolve();
  });
});

function run() {
  switch (job.kind) {
    case 'requests':
      return runRequests(job, ready);
    case 'watch':
      return runWatchers(job, ready);
    default:
      return runNodes(job, { ready, stopped });
  }
}

const result = await run();
await say({ result });
process.exit(0);
