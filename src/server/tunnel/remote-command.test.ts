import { EventEmitter } from 'node:events';
import { duplexPair } from 'node:stream';
import { expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { translateRemoteCommand } from './remote-command.ts';
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
    this.readyState = 3;
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
