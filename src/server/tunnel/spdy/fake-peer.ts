import type { Duplex } from 'node:stream';
import { inflateSync, constants as zlib } from 'node:zlib';
import { dataFrame, rstStream } from './frames.ts';
import { SPDY_DICTIONARY } from './header-block.ts';

/** One stream that was opened on the peer, and what has come on it. */
export interface PeerStream {
  readonly id: number;
  readonly type: string;
  readonly received: Buffer[];
  ended: boolean;
}

/** The kubelet's end of a SPDY/3.1 connection, for tests: knows its streams by their `streamType` header. */
export class FakeSpdyPeer {
  readonly streams = new Map<string, PeerStream>();
  readonly #socket: Duplex;
  readonly #blocks: Buffer[] = [];
  #rest: Buffer = Buffer.alloc(0);

  constructor(socket: Duplex) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(Buffer.concat([this.#rest, chunk])));
    socket.on('error', () => {});
  }

  send(type: string, payload: string | Buffer, { fin = false } = {}): void {
    this.#socket.write(dataFrame(this.#stream(type).id, Buffer.from(payload), { fin }));
  }

  /** Ends its side of the stream. */
  end(type: string): void {
    this.send(type, '', { fin: true });
  }

  reset(type: string): void {
    this.#socket.write(rstStream(this.#stream(type).id, 5));
  }

  hangUp(): void {
    this.#socket.end();
  }

  text(type: string): string {
    return Buffer.concat(this.#stream(type).received).toString('utf8');
  }

  #stream(type: string): PeerStream {
    const stream = this.streams.get(type);
    if (!stream) throw new Error(`there is no stream ${type}, only ${[...this.streams.keys()].join(', ')}`);
    return stream;
  }

  #take(bytes: Buffer): void {
    this.#rest = bytes;
    while (this.#rest.length >= 8) {
      const length = this.#rest.readUInt32BE(4) & 0xffffff;
      if (this.#rest.length < 8 + length) return;
      this.#frame(this.#rest.readUInt32BE(0), this.#rest.readUInt8(4), this.#rest.subarray(8, 8 + length));
      this.#rest = this.#rest.subarray(8 + length);
    }
  }

  #frame(first: number, flags: number, body: Buffer): void {
    // SYN_STREAM of version 3.
    if (first === 0x80030001) {
      this.#open(body.readUInt32BE(0), body.subarray(10));
      return;
    }
    const stream = [...this.streams.values()].find(({ id }) => id === first);
    if (body.length > 0) stream?.received.push(Buffer.from(body));
    if (stream && (flags & 1) !== 0) stream.ended = true;
  }

  #open(id: number, block: Buffer): void {
    // One compressor for the whole connection: a block can be read only after those before it.
    const before = this.#headers().length;
    this.#blocks.push(Buffer.from(block));
    const type = /streamtype\0\0\0.([a-z]+)/s.exec(this.#headers().subarray(before).toString('latin1'))?.[1] ?? '';
    this.streams.set(type, { id, type, received: [], ended: false });
  }

  #headers(): Buffer {
    if (this.#blocks.length === 0) return Buffer.alloc(0);
    return inflateSync(Buffer.concat(this.#blocks), { dictionary: SPDY_DICTIONARY, finishFlush: zlib.Z_SYNC_FLUSH });
  }
}
