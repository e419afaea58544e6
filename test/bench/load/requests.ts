import { nowMs, percentile } from '../support/figure.ts';
import { type Connection, connectAll } from './connection.ts';
import { CLIENT, type RequestJob, type RequestResult, SENT_AT, SEQUENCE } from './job.ts';
import { ResponseReader } from './response-reader.ts';

const number = (value: number) => String(value).padStart(SEQUENCE.length, '0');

/** The request's text with placeholders of fixed width, so that its length never changes. */
function template({ request, endpoint }: RequestJob): string {
  const { method, path, contentType = 'application/json', body = '' } = request;
  const length = method === 'GET' ? '' : `content-type: ${contentType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nhost: ${endpoint.host}:${endpoint.port}\r\naccept: application/json\r\n${length}\r\n${body}`;
}

/** Fills in what the template asks for and nothing else. */
function filler(text: string): (sequence: number, client: number) => string {
  const [hasSequence, hasClient, hasTime] = [text.includes(SEQUENCE), text.includes(CLIENT), text.includes(SENT_AT)];
  return (sequence, client) => {
    let filled = hasSequence ? text.replaceAll(SEQUENCE, number(sequence)) : text;
    if (hasClient) filled = filled.replaceAll(CLIENT, number(client));
    return hasTime ? filled.replaceAll(SENT_AT, nowMs().toFixed(6).padStart(SENT_AT.length, '0')) : filled;
  };
}

class Run {
  readonly #job: RequestJob;
  readonly #fill: ReturnType<typeof filler>;
  readonly #expected: ReturnType<typeof filler>;
  readonly #latencies: Float64Array;
  readonly lastOfClient: number[];
  readonly startedAtMs = nowMs();
  bytes = 0;
  requests = 0;
  #next = 0;

  constructor(job: RequestJob) {
    this.#job = job;
    this.#fill = filler(template(job));
    this.#expected = filler(job.request.answers ?? '');
    this.#latencies = new Float64Array(Math.min(job.count, 2_000_000));
    this.lastOfClient = Array(job.clients).fill(-1);
  }

  /** The number of the next request; undefined when enough was done. */
  #take(): number | undefined {
    if (this.#next >= this.#job.count || nowMs() - this.startedAtMs > this.#job.seconds * 1000) return undefined;
    const taken = this.#next;
    this.#next += 1;
    return taken;
  }

  #check(status: number, body: Buffer[], sequence: number, client: number): void {
    const { request } = this.#job;
    const isRight = status === request.status && (!request.answers || Buffer.concat(body).includes(this.#expected(sequence, client)));
    if (!isRight) throw new Error(`${request.method} ${request.path}: ${status} ${Buffer.concat(body).toString().slice(0, 500)}`);
  }

  /** One client, until the work is done. */
  client(connection: Connection, client: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { first, request, perSecond } = this.#job;
    let [taken, sentAt, size] = [0, 0, 0];
    let body: Buffer[] = [];
    const send = () => {
      const next = this.#take();
      if (next === undefined) return resolve();
      taken = next;
      const due = perSecond === undefined ? 0 : this.startedAtMs + (taken * 1000) / perSecond - nowMs();
      if (due > 0) setTimeout(write, due);
      else write();
    };
    const write = () => {
      sentAt = nowMs();
      connection.write(this.#fill(first + taken, client), 'latin1');
    };
    const reader = new ResponseReader({
      body: (part) => {
        size += part.length;
        // Only what is looked at is kept: the texts looked for are at the start, failures are short.
        if (request.answers !== undefined || size < 1000) body.push(Buffer.from(part));
      },
      end: (status) => {
        this.#latencies[this.requests] = nowMs() - sentAt;
        this.requests += 1;
        this.bytes += size;
        this.#check(status, body, first + taken, client);
        this.lastOfClient[client] = first + taken;
        [size, body] = [0, []];
        send();
      },
    });
    connection.onData = (data) => reader.read(data);
    send();
    return promise;
  }

  latency(fraction: number): number {
    return percentile(this.#latencies.subarray(0, this.requests), fraction);
  }
}

export async function runRequests(job: RequestJob, ready: () => void): Promise<RequestResult> {
  const connections = await connectAll(job.endpoint, job.clients);
  ready();
  const before = process.cpuUsage();
  const run = new Run(job);
  await Promise.all(connections.map((connection, client) => run.client(connection, client)));
  const { user, system } = process.cpuUsage(before);
  return {
    requests: run.requests,
    startedAtMs: run.startedAtMs,
    endedAtMs: nowMs(),
    bytes: run.bytes,
    p50Ms: run.latency(0.5),
    p99Ms: run.latency(0.99),
    maxMs: run.latency(1),
    lastOfClient: run.lastOfClient,
    cpuSeconds: (user + system) / 1e6,
  };
}
