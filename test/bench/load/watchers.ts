import { nowMs, percentile } from '../support/figure.ts';
import { type Connection, connectAll } from './connection.ts';
import { eventLines } from './event-lines.ts';
import { SENT_AT, type WatchJob, type WatchResult } from './job.ts';
import { ResponseReader } from './response-reader.ts';

const REVISION = Buffer.from('"resourceVersion":"');
const SENT = Buffer.from('"sent-at":"');
const QUOTE = 34;

function textAfter(line: Buffer, mark: Buffer): string | undefined {
  const at = line.indexOf(mark);
  if (at < 0) return undefined;
  return line.toString('latin1', at + mark.length, line.indexOf(QUOTE, at + mark.length));
}

class Watcher {
  readonly revisions: number[] = [];
  readonly latencies: number[] = [];
  bytes = 0;
  lastAtMs = 0;
  resumed = 0;
  readonly #lines = eventLines((line) => this.#event(line));

  read(part: Buffer): void {
    this.bytes += part.length;
    this.#lines(part);
  }

  #event(line: Buffer): void {
    // `{"type":"BOOKMARK"` and `{"type":"ERROR"` differ from the others here.
    const type = line[9];
    if (type !== 'M'.charCodeAt(0)) throw new Error(`unexpected event: ${line.toString().slice(0, 300)}`);
    this.lastAtMs = nowMs();
    this.revisions.push(Number(textAfter(line, REVISION)));
    const sentAt = textAfter(line, SENT);
    if (sentAt?.length === SENT_AT.length) this.latencies.push(this.lastAtMs - Number(sentAt));
  }
}

/** Resolves with the head of the first answer; `counted` is told after every part how many events there were before it. */
function watch(
  connection: Connection,
  { path, resourceVersion, endpoint }: WatchJob,
  watcher: Watcher,
  counted: (watcher: Watcher, before: number) => void,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const send = () => {
    const revision = watcher.revisions.at(-1) ?? resourceVersion;
    connection.write(`GET ${path}&resourceVersion=${revision} HTTP/1.1\r\nhost: ${endpoint.host}\r\naccept: application/json\r\n\r\n`);
  };
  const reader = new ResponseReader({
    head: (status) => {
      if (status !== 200) throw new Error(`watch: ${status}`);
      resolve();
    },
    body: (part) => {
      const before = watcher.revisions.length;
      watcher.read(part);
      counted(watcher, before);
    },
    end: () => {
      watcher.resumed += 1;
      send();
    },
  });
  connection.onData = (data) => reader.read(data);
  send();
  return promise;
}

const WARM_EVENTS = 5000;

/** Each burst has a new process of watchers, and is over in less time than V8 needs to compile what reads it: that is not the server's. */
function warmUp(): void {
  const padding = JSON.stringify('x'.repeat(3000));
  const event = `{"type":"MODIFIED","object":{"metadata":{"annotations":{"sent-at":"${SENT_AT}","padding":${padding}},"resourceVersion":"1"}}}\n`;
  const chunk = Buffer.from(`${event.length.toString(16)}\r\n${event}\r\n`);
  const watcher = new Watcher();
  const reader = new ResponseReader({ body: (part) => watcher.read(part), end: () => {} });
  reader.read(Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'));
  const cut = chunk.length >> 1;
  for (let count = 0; count < WARM_EVENTS; count += 2) {
    reader.read(chunk);
    reader.read(chunk.subarray(0, cut));
    reader.read(chunk.subarray(cut));
  }
}

export async function runWatchers(job: WatchJob, ready: () => void): Promise<WatchResult> {
  const connections = await connectAll(job.endpoint, job.watchers);
  warmUp();
  const watchers = connections.map(() => new Watcher());
  const done = Promise.withResolvers<void>();
  let left = job.watchers;
  const counted = (watcher: Watcher, before: number) => {
    if (before >= job.events || watcher.revisions.length < job.events) return;
    left -= 1;
    if (left === 0) done.resolve();
  };
  await Promise.all(connections.map((connection, i) => watch(connection, job, watchers[i] as Watcher, counted)));
  const cpuBefore = process.cpuUsage();
  ready();
  setTimeout(done.resolve, job.timeoutMs);
  await done.promise;
  const { user, system } = process.cpuUsage(cpuBefore);
  const latencies = watchers.flatMap((w) => w.latencies);
  const first = watchers[0]?.revisions.join();
  return {
    counts: watchers.map((w) => w.revisions.length),
    inOrder: watchers.every(({ revisions }) => revisions.every((r, i) => i === 0 || r > (revisions[i - 1] ?? 0))),
    same: watchers.every((w) => w.revisions.join() === first),
    resumed: watchers.reduce((sum, w) => sum + w.resumed, 0),
    lastAtMs: Math.max(...watchers.map((w) => w.lastAtMs)),
    cpuSeconds: (user + system) / 1e6,
    bytes: watchers.reduce((sum, w) => sum + w.bytes, 0),
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
  };
}
