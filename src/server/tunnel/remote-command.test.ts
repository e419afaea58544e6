import { EventEmitter } from 'node:events';
import { duplexPair } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { translateRemoteCommand, type WantedStreams, wantedStreams } from './remote-command.ts';
import { FakeSpdyPeer } from './spdy/fake-peer.ts';
import { dataFrame } from './spdy/frames.ts';

/** A client that takes one message after the other, each a turn of the event loop later. */
class SlowClient extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  readonly received: Buffer[] = [];

  send(message: Buffer, _options: object, done: () => void): void {
    setImmediate(() => {
      this.received.push(message);
      done();
    });
  }
  close(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.emit('close');
  }
  says(channel: number, payload: string | Buffer): void {
    this.emit('message', Buffer.concat([Buffer.from([channel]), Buffer.from(payload)]));
  }
  /** What came on a channel so far. */
  heard(channel: number): string {
    return Buffer.concat(this.received.filter((m) => m[0] === channel).map((m) => m.subarray(1))).toString('utf8');
  }
  pause(): void {}
  resume(): void {}
}

const [STDOUT_STREAM, STDOUT_CHANNEL] = [3, 1];

it('gives a slow client everything that the kubelet sent before it hung up', async () => {
  const client = new SlowClient();
  const [server, kubelet] = duplexPair();
  kubelet.resume();
  const translated = translateRemoteCommand(client as unknown as WebSocket, server, {
    stdin: false,
    stdout: true,
    stderr: false,
    tty: false,
  });
  for (let i = 0; i < 20; i += 1) kubelet.write(dataFrame(STDOUT_STREAM, Buffer.from([i]), { fin: false }));
  kubelet.end();
  await translated;
  expect(client.received).toEqual(Array.from({ length: 20 }, (_, i) => Buffer.from([STDOUT_CHANNEL, i])));
  expect(client.readyState).toBe(3);
});

const NOTHING: WantedStreams = { stdin: false, stdout: false, stderr: false, tty: false };
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 };

/** A client, the translation, and a kubelet at its other end. */
async function joined(wanted: Partial<WantedStreams>) {
  const client = new SlowClient();
  const [server, socket] = duplexPair();
  const kubelet = new FakeSpdyPeer(socket);
  const done = translateRemoteCommand(client as unknown as WebSocket, server, { ...NOTHING, ...wanted });
  await vi.waitFor(() => expect(kubelet.streams.size).toBeGreaterThan(0));
  return { client, kubelet, done };
}

describe('the streams that a client wants', () => {
  const wanted = (query: string) => wantedStreams(new URLSearchParams(query));

  it('have the names of exec and those of the kubelet’s own paths', () => {
    expect(wanted('stdin=true&stdout=1&tty=true')).toEqual({ stdin: true, stdout: true, stderr: false, tty: true });
    expect(wanted('input=1&output=true&error=1')).toEqual({ stdin: true, stdout: true, stderr: true, tty: false });
  });

  it('are asked for in the ways of all languages', () => {
    expect(wanted('stdin=True&stdout=yes&stderr=&tty=False')).toEqual({ stdin: true, stdout: true, stderr: true, tty: false });
  });

  it('are none where the query has none of them, or says no', () => {
    expect(wanted('')).toEqual(NOTHING);
    expect(wanted('stdin=false&stdout=0&stderr=False')).toEqual(NOTHING);
  });
});

describe('a remote command', () => {
  it('opens a stream for each thing wanted; with a terminal, resize instead of stderr', async () => {
    const plain = await joined({ stdin: true, stdout: true, stderr: true });
    await vi.waitFor(() => expect([...plain.kubelet.streams.keys()]).toEqual(['error', 'stdin', 'stdout', 'stderr']));
    const terminal = await joined({ stdin: true, stdout: true, stderr: true, tty: true });
    await vi.waitFor(() => expect([...terminal.kubelet.streams.keys()]).toEqual(['error', 'stdin', 'stdout', 'resize']));
    for (const { kubelet, done } of [plain, terminal]) {
      kubelet.hangUp();
      await done;
    }
  });

  it('brings stdout, stderr and the exit status to their channels, and closes when all have ended', async () => {
    const { client, kubelet, done } = await joined({ stdout: true, stderr: true });
    await vi.waitFor(() => expect(kubelet.streams.size).toBe(3));
    kubelet.send('stdout', 'out');
    kubelet.send('stderr', 'err');
    kubelet.send('stdout', 'put', { fin: true });
    kubelet.end('stderr');
    kubelet.send('error', '{"status":"Success"}', { fin: true });
    await done;
    expect([CHANNEL.stdout, CHANNEL.stderr, CHANNEL.error].map((channel) => client.heard(channel))).toEqual([
      'output',
      'err',
      '{"status":"Success"}',
    ]);
    expect(client.readyState).toBe(3);
  });

  it('stays open while an output has not ended, and takes a reset for an end', async () => {
    const { client, kubelet, done } = await joined({ stdout: true });
    await vi.waitFor(() => expect(kubelet.streams.size).toBe(2));
    kubelet.send('error', '{"status":"Success"}', { fin: true });
    kubelet.send('stdout', 'more');
    await vi.waitFor(() => expect(client.heard(CHANNEL.stdout)).toBe('more'));
    expect(client.readyState).toBe(1);
    kubelet.reset('stdout');
    await done;
    expect(client.readyState).toBe(3);
  });

  it('brings stdin and sizes to the kubelet; the close message of v5 ends stdin alone', async () => {
    const { client, kubelet, done } = await joined({ stdin: true, stdout: true, tty: true });
    await vi.waitFor(() => expect(kubelet.streams.size).toBe(4));
    client.says(CHANNEL.stdin, 'ls');
    client.says(CHANNEL.resize, '{"Width":80,"Height":24}');
    client.says(CHANNEL.stdin, '\n');
    await vi.waitFor(() => expect(kubelet.text('stdin')).toBe('ls\n'));
    expect(kubelet.text('resize')).toBe('{"Width":80,"Height":24}');
    expect(kubelet.streams.get('stdin')?.ended).toBe(false);
    client.says(CHANNEL.close, Buffer.from([CHANNEL.stdin]));
    await vi.waitFor(() => expect(kubelet.streams.get('stdin')?.ended).toBe(true));
    kubelet.send('stdout', 'still here');
    await vi.waitFor(() => expect(client.heard(CHANNEL.stdout)).toBe('still here'));
    client.close();
    await done;
  });

  it('passes over messages of channels that nobody has', async () => {
    const { client, kubelet, done } = await joined({ stdout: true });
    client.says(CHANNEL.stdin, 'unasked');
    client.says(9, 'unknown');
    client.emit('message', Buffer.alloc(0));
    client.says(CHANNEL.close, Buffer.from([CHANNEL.stdout]));
    kubelet.send('stdout', 'fine');
    await vi.waitFor(() => expect(client.heard(CHANNEL.stdout)).toBe('fine'));
    expect([...kubelet.streams.keys()]).toEqual(['error', 'stdout']);
    client.close();
    await done;
  });
});
