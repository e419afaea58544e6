import type { Writable } from 'node:stream';
import type { Span } from '../../store/watch-cache/collection.ts';
import { Outbox } from './outbox.ts';

/** A part of an answer: bytes, or where they lie among others and are copied from, which costs a tenth of a view of them. */
export type Part = Uint8Array | Span;

const bytesOf = (part: Part): Uint8Array => (part instanceof Uint8Array ? part : part.memory.subarray(part.from, part.from + part.length));

export function copyPart(part: Part, target: Buffer, at: number): void {
  if (part instanceof Uint8Array) target.set(part, at);
  else part.memory.copy(target, at, part.from, part.from + part.length);
}

export const lengthOf = (parts: readonly Part[]): number => parts.reduce((sum, part) => sum + part.length, 0);

/** The parts one after the other. `length`: of all of them. */
export function joinParts(parts: readonly Part[], length: number): Buffer {
  const whole = Buffer.allocUnsafe(length);
  let at = 0;
  for (const part of parts) {
    copyPart(part, whole, at);
    at += part.length;
  }
  return whole;
}

/** Large answers are written in pieces of this size, so that none is ever held twice. */
const PIECE_BYTES = 256 * 1024;
/** Pieces kept for the next large answer. New ones for each would be garbage outside the heap, which the collector does not see as such. */
const MOST_SPARE = 8;
const spare: Buffer<ArrayBuffer>[] = [];
const outbox = new Outbox();

/** Writes the parts one after the other and ends the stream, soon when they are small; returns early when it is gone. */
export async function writePieces(stream: Writable, parts: readonly Part[], length: number): Promise<void> {
  const [only] = parts;
  if (only && parts.length === 1) return outbox.end(stream, bytesOf(only));
  if (length <= PIECE_BYTES) return outbox.end(stream, joinParts(parts, length));
  const piece = spare.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
  let size = 0;
  for (const part of parts) {
    // A piece that may still be read from is not used again.
    if (size > 0 && size + part.length > PIECE_BYTES) {
      if (!(await written(stream, piece.subarray(0, size)))) return;
      size = 0;
    }
    if (part.length > PIECE_BYTES) {
      if (!(await written(stream, bytesOf(part)))) return;
    } else {
      copyPart(part, piece, size);
      size += part.length;
    }
  }
  if (size > 0 && !(await written(stream, piece.subarray(0, size)))) return;
  stream.end();
  giveBack(piece);
}

/** What is not kept is freed at once: with sixteen readers of lists 60 MB of such garbage waited for the collector. */
function giveBack(piece: Buffer<ArrayBuffer>): void {
  if (spare.length < MOST_SPARE) spare.push(piece);
  else piece.buffer.transfer(0);
}

/** Resolves true when the bytes have left the stream, false when it is gone. */
function written(stream: Writable, bytes: Uint8Array): Promise<boolean> {
  if (stream.destroyed || stream.writableEnded) return Promise.resolve(false);
  return new Promise((resolve) => {
    const onClose = () => resolve(false);
    stream.once('close', onClose);
    stream.write(bytes, (error) => {
      stream.off('close', onClose);
      resolve(!error);
    });
  });
}
