import { PassThrough } from 'node:stream';
import { crc32, inflateSync, constants as zlib } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSpdyConnection } from './connection.ts';
import { createFrameReader, dataFrame, ping, rstStream } from './frames.ts';
import { createHeaderCompressor, SPDY_DICTIONARY } from './header-block.ts';

function adler32(bytes: Uint8Array): number {
  let [a, b] = [1, 0];
  for (const byte of bytes) [a, b] = [(a + byte) % 65521, (a + byte + b) % 65521];
  return b * 65536 + a;
}

describe('the header block', () => {
  it('uses the dictionary of SPDY/3, known by its length and checksum', () => {
    expect([SPDY_DICTIONARY.length, adler32(SPDY_DICTIONARY), crc32(SPDY_DICTIONARY) > 0]).toEqual([1423, 0xe3c6a7c2, true]);
  });

  it('can be inflated by a peer that knows the dictionary, block after block', () => {
    const compress = createHeaderCompressor();
    const blocks = [compress({ streamType: 'stdin' }), compress({ streamType: 'stdout', port: '80' })];
    const plain = inflateSync(Buffer.concat(blocks), { dictionary: SPDY_DICTIONARY, finishFlush: zlib.Z_SYNC_FLUSH }).toString('latin1');
    expect(plain).toContain('streamtype\0\0\0\x05stdin');
    expect(plain).toContain('port\0\0\0\x0280');
  });
});

describe('the frame reader', () => {
  it('finds the same frames however the bytes are cut', () => {
    const bytes = Buffer.concat([
      dataFrame(1, Buffer.from('hello'), { fin: false }),
      ping(2),
      rstStream(3, 5),
      dataFrame(1, Buffer.alloc(0), { fin: true }),
    ]);
    const whole = createFrameReader()(bytes);
    expect(whole.map((f) => f.type)).toEqual(['data', 'ping', 'reset', 'data']);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 8 }), (cuts) => {
        const read = createFrameReader();
        const points = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const frames = points.slice(1).flatMap((end, i) => read(bytes.subarray(points[i], end)));
        expect(frames).toEqual(whole);
      }),
    );
  });

  it('refuses frames of absurd length', () => {
    expect(() => createFrameReader()(Buffer.from([0, 0, 0, 1, 0, 255, 255, 255]))).toThrow(RangeError);
  });
});

describe('a SPDY connection', () => {
  it('hands data to its stream and ends every stream when the peer goes away', async () => {
    const socket = new PassThrough();
    const seen: string[] = [];
    let closed = 0;
    const connection = createSpdyConnection(socket, { closed: () => (closed += 1) });
    const events = (name: string) => ({ data: (c: Buffer) => void seen.push(`${name}:${c}`), end: () => void seen.push(`${name} ended`) });
    connection.open({ streamType: 'stdout' }, events('out'));
    connection.open({ streamType: 'stderr' }, events('err'));
    socket.emit('data', Buffer.concat([dataFrame(3, Buffer.from('x'), { fin: false }), dataFrame(1, Buffer.from('y'), { fin: true })]));
    socket.emit('end');
    expect(seen).toEqual(['err:x', 'out:y', 'out ended', 'err ended']);
    expect(closed).toBe(1);
  });
});
