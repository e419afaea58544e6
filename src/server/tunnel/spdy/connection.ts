import type { Duplex } from 'node:stream';
import { createFrameReader, dataFrame, type Frame, ping, synStream } from './frames.ts';
import { createHeaderCompressor } from './header-block.ts';

export interface SpdyStream {
  /** Resolves when the socket takes more. Empty chunks are not sent. */
  write(chunk: Uint8Array): Promise<void>;
  /** Half-close: the peer reads to the end; its own side stays open. */
  end(): void;
}

export interface StreamEvents {
  data(chunk: Buffer): void;
  /** The peer has sent everything on this stream, or has reset it. */
  end(): void;
}

/** The client's side of one SPDY/3.1 connection to a kubelet. No flow-control windows: the peer has none, TCP holds back for both. */
export interface SpdyConnection {
  open(headers: Readonly<Record<string, string>>, events: StreamEvents): SpdyStream;
  /** Stops reading until `resume`: for a slow client behind us. */
  pause(): void;
  resume(): void;
  close(): void;
}

/** Takes over an upgraded socket. `closed` is called once, when the connection has ended for whatever reason. */
export function createSpdyConnection(socket: Duplex, { closed }: { closed: () => void }): SpdyConnection {
  const compress = createHeaderCompressor();
  const read = createFrameReader();
  const streams = new Map<number, StreamEvents>();
  let nextId = 1;
  let isClosed = false;

  function finish(): void {
    if (isClosed) return;
    isClosed = true;
    for (const events of streams.values()) events.end();
    streams.clear();
    socket.destroy();
    closed();
  }

  function endStream(streamId: number): void {
    const events = streams.get(streamId);
    streams.delete(streamId);
    events?.end();
  }

  function take(frame: Frame): void {
    switch (frame.type) {
      case 'data':
        if (frame.payload.length > 0) streams.get(frame.streamId)?.data(frame.payload);
        if (frame.fin) endStream(frame.streamId);
        return;
      case 'reply':
        if (frame.fin) endStream(frame.streamId);
        return;
      case 'reset':
        endStream(frame.streamId);
        return;
      case 'ping':
        // Odd ids are our own pings coming back; we send none.
        if (frame.id % 2 === 0) socket.write(ping(frame.id));
        return;
      case 'goaway':
      case 'other':
        return;
    }
  }

  socket.on('data', (chunk: Buffer) => {
    try {
      for (const frame of read(chunk)) take(frame);
    } catch {
      finish();
    }
  });
  socket.on('error', finish);
  socket.on('end', finish);
  socket.on('close', finish);

  const write = (bytes: Buffer): Promise<void> => {
    if (isClosed || socket.write(bytes)) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        socket.off('drain', done);
        socket.off('close', done);
        resolve();
      };
      socket.on('drain', done);
      socket.on('close', done);
    });
  };

  return {
    open(headers, events) {
      const streamId = nextId;
      nextId += 2;
      streams.set(streamId, events);
      void write(synStream(streamId, compress(headers)));
      return {
        write: (chunk) => (chunk.length > 0 ? write(dataFrame(streamId, chunk, { fin: false })) : Promise.resolve()),
        end: () => void write(dataFrame(streamId, new Uint8Array(), { fin: true })),
      };
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: finish,
  };
}
