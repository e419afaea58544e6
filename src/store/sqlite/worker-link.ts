import { Worker } from 'node:worker_threads';
import { StoreError } from '../store.ts';
import type { Answer, Batch, Opened, Reply, Request, WorkerOptions } from './protocol.ts';

/** Where the worker's script and the native addon come from; the packaged executable brings its own. */
export interface WorkerPlace {
  /** The script's address. Default: worker.ts beside this file. */
  readonly workerUrl?: URL | string;
  /** The script itself, as CommonJS. Instead of `workerUrl`. */
  readonly workerSource?: string;
  /** Path of better_sqlite3.node. Default: the one in the package. */
  readonly nativeBinding?: string;
}

/** Everything in the worker is short-lived: a small nursery keeps it from growing while objects are loaded. */
const YOUNG_GENERATION_MB = 4;

type Ask<R = Request> = R extends Request ? Omit<R, 'id'> : never;
type OnAnswer = (answer: Answer) => void;
export type OpenedFile = Extract<Opened, { is: 'open' }>;

/** The main thread's end: sends requests, hands every answer over in order. After the worker's death every request fails. */
export class WorkerLink {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, OnAnswer>();
  readonly #exited: Promise<void>;
  #nextId = 1;
  #death: string | undefined;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (reply: Reply) => {
      const onAnswer = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      onAnswer?.(reply);
    });
    worker.on('error', (error) => this.#die(String(error)));
    this.#exited = new Promise((resolve) => {
      worker.on('exit', () => {
        this.#die('it ended');
        resolve();
      });
    });
  }

  /** Rejects with StoreError Unavailable and one sentence when the file cannot be opened. */
  static async open(options: WorkerOptions, place: WorkerPlace): Promise<{ link: WorkerLink; file: OpenedFile }> {
    const worker = startWorker(options, place);
    const opened = await new Promise<Opened>((resolve) => {
      const refuse = (why: unknown) => resolve({ is: 'refused', message: `the SQLite worker did not start: ${why}` });
      worker.once('message', resolve);
      worker.once('error', refuse);
      worker.once('exit', () => refuse('it ended'));
    });
    if (opened.is === 'open') return { link: new WorkerLink(worker), file: opened };
    await worker.terminate();
    throw new StoreError('Unavailable', opened.message);
  }

  /** `onAnswer` is called synchronously in the message's turn, before any promise of it continues. */
  send(ask: Ask, onAnswer: OnAnswer): void {
    if (this.#death !== undefined) {
      onAnswer({ is: 'failed', message: this.#death, written: undefined });
      return;
    }
    const id = this.#nextId++;
    this.#waiting.set(id, onAnswer);
    const transfer = ask.do === 'write' ? transferOf(ask.batch) : [];
    this.#worker.postMessage({ id, ...ask } as Request, transfer);
  }

  /** Resolves when the worker is gone. */
  async end(): Promise<void> {
    await this.#worker.terminate();
    await this.#exited;
  }

  #die(why: string): void {
    if (this.#death !== undefined) return;
    this.#death = `the SQLite worker is gone: ${why}`;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const onAnswer of waiting) onAnswer({ is: 'failed', message: this.#death, written: undefined });
  }
}

const transferOf = (batch: Batch): ArrayBuffer[] => [batch.bytes.buffer];

function startWorker(workerData: WorkerOptions, { workerUrl, workerSource }: WorkerPlace): Worker {
  const options = { workerData, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB } };
  if (workerSource !== undefined) return new Worker(workerSource, { ...options, eval: true });
  return new Worker(workerUrl ?? new URL('./worker.ts', import.meta.url), options);
}
