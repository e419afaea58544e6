/** A load generator's process: one job by IPC, one result back. */
import { once } from 'node:events';
import type { Job, Message } from './job.ts';
import { runRequests } from './requests.ts';
import { runWatchers } from './watchers.ts';

const say = (message: Message) => new Promise<void>((resolve) => process.send?.(message, () => resolve()));

const [job] = (await once(process, 'message')) as [Job];
const ready = () => void say({ ready: true });
const result = job.kind === 'requests' ? await runRequests(job, ready) : await runWatchers(job, ready);
await say({ result });
process.exit(0);
