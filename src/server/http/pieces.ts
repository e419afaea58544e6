import type { Writable } from 'node:stream';

/** Large answers are written in pieces of this size, so that none is ever held twice. */
const PIECE_BYTES = 256 * 1024;
/** Pieces kept for the next large answer. New ones for each would be garbage outside the heap, which the collector does not see as such. */
const MOST_SPARE = 8;
const spare: Buffer[] = [];

/** Writes the parts one after the other and ends the stream; returns early when it is gone. */
export async function writePieces(stream: Writable, parts: readonly Uint8Array[], length: number): Promise<void> {
  const [only] = parts;
  if (parts.length === 1 || length <= PIECE_BYTES) return void stream.end(parts.length === 1 ? only : Buffer.concat(parts));
  const piece = spare.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
  let size = 0;
  for (const part of parts) {
    // A piece that may still be read from is not used again.
    if (size > 0 && size + part.length > PIECE_BYTES) {
      if (!(await written(stream, piece.subarray(0, size)))) return;
      size = 0;
    }
    if (part.length > PIECE_BYTES) {
      if (!(await written(stream, part))) return;
    } else {
      piece.set(part, size);
      size += part.length;
    }
  }
  if (size > 0 && !(await written(stream, piece.subarray(0, size)))) return;
  stream.end();
  if (spare.length < MOST_SPARE) spare.push(piece);
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
