/** SPDY/3.1 frames, as far as remote commands need them: we open streams, the kubelet answers and sends data. */
export type Frame =
  | { readonly type: 'data'; readonly streamId: number; readonly fin: boolean; readonly payload: Buffer }
  | { readonly type: 'reply'; readonly streamId: number; readonly fin: boolean }
  | { readonly type: 'reset'; readonly streamId: number; readonly status: number }
  | { readonly type: 'ping'; readonly id: number }
  | { readonly type: 'goaway' }
  /** Frames that change nothing here: SETTINGS, WINDOW_UPDATE, HEADERS. */
  | { readonly type: 'other'; readonly control: number };

const VERSION = 3;
const CONTROL = { synStream: 1, synReply: 2, rstStream: 3, ping: 6, goaway: 7 } as const;
const FLAG_FIN = 1;
const HEADER_BYTES = 8;
const STREAM_ID_MASK = 0x7fffffff;
/** The length field has 24 bits; nothing that a kubelet sends comes near this. */
const MAX_FRAME_BYTES = 4 * 1024 * 1024;

function controlFrame(type: number, flags: number, body: Buffer): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  head.writeUInt16BE(0x8000 | VERSION, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt32BE(body.length, 4);
  head.writeUInt8(flags, 4);
  return Buffer.concat([head, body]);
}

export function synStream(streamId: number, headerBlock: Buffer): Buffer {
  const head = Buffer.alloc(10);
  head.writeUInt32BE(streamId, 0);
  return controlFrame(CONTROL.synStream, 0, Buffer.concat([head, headerBlock]));
}

export function ping(id: number): Buffer {
  const body = Buffer.alloc(4);
  body.writeUInt32BE(id);
  return controlFrame(CONTROL.ping, 0, body);
}

export function rstStream(streamId: number, status: number): Buffer {
  const body = Buffer.alloc(8);
  body.writeUInt32BE(streamId, 0);
  body.writeUInt32BE(status, 4);
  return controlFrame(CONTROL.rstStream, 0, body);
}

export function dataFrame(streamId: number, payload: Uint8Array, { fin }: { fin: boolean }): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  head.writeUInt32BE(streamId, 0);
  head.writeUInt32BE(payload.length, 4);
  head.writeUInt8(fin ? FLAG_FIN : 0, 4);
  return Buffer.concat([head, payload]);
}

function decodeControl(type: number, flags: number, body: Buffer): Frame {
  const id = body.length >= 4 ? body.readUInt32BE(0) & STREAM_ID_MASK : 0;
  switch (type) {
    case CONTROL.synReply:
      return { type: 'reply', streamId: id, fin: (flags & FLAG_FIN) !== 0 };
    case CONTROL.rstStream:
      return { type: 'reset', streamId: id, status: body.length >= 8 ? body.readUInt32BE(4) : 0 };
    case CONTROL.ping:
      return { type: 'ping', id: body.length >= 4 ? body.readUInt32BE(0) : 0 };
    case CONTROL.goaway:
      return { type: 'goaway' };
    default:
      return { type: 'other', control: type };
  }
}

/** Cuts a byte stream into frames. Throws RangeError for a frame that is too large to be honest. */
export function createFrameReader(): (chunk: Buffer) => Frame[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    const frames: Frame[] = [];
    while (rest.length >= HEADER_BYTES) {
      const length = rest.readUInt32BE(4) & 0xffffff;
      if (length > MAX_FRAME_BYTES) throw new RangeError(`SPDY frame of ${length} bytes`);
      if (rest.length < HEADER_BYTES + length) break;
      const flags = rest.readUInt8(4);
      const body = rest.subarray(HEADER_BYTES, HEADER_BYTES + length);
      const first = rest.readUInt32BE(0);
      const isControl = first >= 0x80000000;
      frames.push(
        isControl
          ? decodeControl(rest.readUInt16BE(2), flags, body)
          : { type: 'data', streamId: first & STREAM_ID_MASK, fin: (flags & FLAG_FIN) !== 0, payload: body },
      );
      rest = rest.subarray(HEADER_BYTES + length);
    }
    return frames;
  };
}
