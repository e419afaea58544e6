/** The worker's main: SQLite runs here, so that no event loop waits for a disk. Started by worker-link.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { unreachable } from '../../base/unreachable.ts';
import { Database } from './database.ts';
import type { Answer, Opened, Reply, Request, WorkerOptions } from './protocol.ts';

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function answer(database: Database, request: Request): Answer {
  switch (request.do) {
    case 'write':
      try {
        database.write(request.batch);
        return { is: 'done' };
      } catch (error) {
        return { is: 'failed', message: messageOf(error), written: database.holds(request.batch) };
      }
    case 'get':
      return { is: 'entries', entries: database.get(request.key) };
    case 'list':
      return { is: 'entries', entries: database.list(request.prefix, request.after, request.limit) };
    case 'close':
      database.close(request.ceiling);
      return { is: 'done' };
    default:
      return unreachable(request);
  }
}

function serve(port: NonNullable<typeof parentPort>): void {
  let opened: ReturnType<typeof Database.open>;
  try {
    opened = Database.open(workerData as WorkerOptions);
  } catch (error) {
    port.postMessage({ is: 'refused', message: messageOf(error) } satisfies Opened);
    return;
  }
  const { database, contents } = opened;
  port.postMessage({ is: 'open', ...contents } satisfies Opened, [contents.revisions.buffer as ArrayBuffer]);
  port.on('message', (request: Request) => {
    let reply: Reply;
    try {
      reply = { id: request.id, ...answer(database, request) };
    } catch (error) {
      reply = { id: request.id, is: 'failed', message: messageOf(error), written: undefined };
    }
    port.postMessage(reply, reply.is === 'entries' ? [reply.entries.bytes.buffer] : []);
    // The worker has so little garbage that it would keep dead batches of tens of MiB.
    if (request.do === 'write') request.batch.bytes.buffer.transfer(0);
    if (request.do === 'close') port.close();
  });
}

if (parentPort) serve(parentPort);
