/**
 * Reads HTTP/1.1 answers off a connection with next to no allocation: bodies are handed on as slices of what was received, to be looked at before the call returns. It trusts the server to speak
 * HTTP; what it does not know ends the run.
 */
type State = 'head' | 'body' | 'chunk-size' | 'chunk' | 'chunk-end';

export interface ResponseHandler {
  head?(status: number): void;
  body?(part: Buffer): void;
  end(status: number): void;
}

const EMPTY = Buffer.alloc(0);
const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
const CONTENT_LENGTH = /\r\ncontent-length: (\d+)/i;
const CHUNKED = /\r\ntransfer-encoding: chunked/i;

export class ResponseReader {
  readonly #handler: ResponseHandler;
  #state: State = 'head';
  /** Of a head or a chunk's size, received in part. */
  #held: Buffer = EMPTY;
  #status = 0;
  #left = 0;

  constructor(handler: ResponseHandler) {
    this.#handler = handler;
  }

  read(received: Buffer): void {
    let rest = this.#held.length > 0 ? Buffer.concat([this.#held, received]) : received;
    this.#held = EMPTY;
    while (rest.length > 0) {
      const next = this.#step(rest);
      if (next === undefined) {
        // What was received is overwritten.
        this.#held = Buffer.from(rest);
        return;
      }
      rest = next;
    }
  }

  /** What is left of `data` after one step; undefined when more of it must come first. */
  #step(data: Buffer): Buffer | undefined {
    switch (this.#state) {
      case 'head':
        return this.#head(data);
      case 'chunk-size':
        return this.#chunkSize(data);
      case 'chunk-end':
        if (data.length < 2) return undefined;
        this.#state = 'chunk-size';
        return data.subarray(2);
      default:
        return this.#bodyPart(data);
    }
  }

  #head(data: Buffer): Buffer | undefined {
    const end = data.indexOf(HEAD_END);
    if (end < 0) return undefined;
    const head = data.toString('latin1', 0, end);
    this.#status = Number(head.slice(9, 12));
    this.#handler.head?.(this.#status);
    const length = CONTENT_LENGTH.exec(head)?.[1];
    if (length !== undefined) {
      this.#left = Number(length);
      this.#state = 'body';
      if (this.#left === 0) this.#end();
    } else if (CHUNKED.test(head)) this.#state = 'chunk-size';
    else throw new Error(`an answer without length: ${head}`);
    return data.subarray(end + 4);
  }

  #chunkSize(data: Buffer): Buffer | undefined {
    const end = data.indexOf(LINE_END);
    if (end < 0) return undefined;
    this.#left = Number.parseInt(data.toString('latin1', 0, end), 16);
    if (this.#left > 0) {
      this.#state = 'chunk';
      return data.subarray(end + 2);
    }
    if (data.length < end + 4) return undefined;
    this.#end();
    return data.subarray(end + 4);
  }

  #bodyPart(data: Buffer): Buffer {
    const part = data.length <= this.#left ? data : data.subarray(0, this.#left);
    this.#handler.body?.(part);
    this.#left -= part.length;
    if (this.#left === 0) {
      if (this.#state === 'chunk') this.#state = 'chunk-end';
      else this.#end();
    }
    return data.subarray(part.length);
  }

  #end(): void {
    this.#state = 'head';
    this.#handler.end(this.#status);
  }
}
