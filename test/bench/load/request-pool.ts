import type { Endpoint } from '../support/server.ts';
import { type Connection, connect } from './connection.ts';
import { ResponseReader } from './response-reader.ts';

export interface PooledRequest {
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly contentType?: string;
  readonly body: object;
  /** Answers that are right; any other ends the run. */
  readonly statuses: readonly number[];
}

interface Waiting {
  readonly request: PooledRequest;
  readonly resolve: (status: number) => void;
}

type Take = (waiting: Waiting) => void;

/** Different requests over a few connections, opened as they are needed: each takes the next request as soon as it has its answer. Idle ones the server may close. */
export class RequestPool {
  readonly #endpoint: Endpoint;
  readonly #most: number;
  readonly #idle = new Set<Take>();
  readonly #waiting: Waiting[] = [];
  #open = 0;

  constructor(endpoint: Endpoint, connections: number) {
    this.#endpoint = endpoint;
    this.#most = connections;
  }

  send(request: PooledRequest): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    const [take] = this.#idle;
    if (take) {
      this.#idle.delete(take);
      take({ request, resolve });
    } else {
      this.#waiting.push({ request, resolve });
      if (this.#open < this.#most) void this.#connect();
    }
    return promise;
  }

  async #connect(): Promise<void> {
    this.#open += 1;
    let closed = () => {};
    const connection = await connect(this.#endpoint, () => closed());
    closed = this.#serve(connection);
  }

  /** Gives what is to be done when the connection is closed. */
  #serve(connection: Connection): () => void {
    let current: Waiting | undefined;
    let answer: Buffer[] = [];
    const take: Take = (waiting) => {
      current = waiting;
      answer = [];
      connection.write(this.#text(waiting.request));
    };
    const next = () => {
      const waiting = this.#waiting.shift();
      if (waiting) take(waiting);
      else this.#idle.add(take);
    };
    const end = (status: number) => {
      if (!current) throw new Error('an answer to nothing');
      const { request, resolve } = current;
      current = undefined;
      if (!request.statuses.includes(status)) {
        throw new Error(`${request.method} ${request.path}: ${status} ${Buffer.concat(answer).toString().slice(0, 500)}`);
      }
      resolve(status);
      next();
    };
    const reader = new ResponseReader({ body: (part) => void answer.push(Buffer.from(part)), end });
    connection.onData = (data) => reader.read(data);
    next();
    return () => {
      if (current) throw new Error(`the server closed a connection before it answered ${current.request.method} ${current.request.path}`);
      this.#idle.delete(take);
      this.#open -= 1;
    };
  }

  #text({ method, path, contentType = 'application/json', body }: PooledRequest): string {
    const text = JSON.stringify(body);
    const head = `${method} ${path} HTTP/1.1\r\nhost: ${this.#endpoint.host}:${this.#endpoint.port}\r\naccept: application/json\r\n`;
    return `${head}content-type: ${contentType}\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
  }
}
