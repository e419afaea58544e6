/**
 * A process that does the least that any API server does, over TLS with client certificates: it answers every GET with the same bytes, and sends what comes by PATCH, once it is on the disk, to all that
 * watch. Told what by IPC, it says when it listens.
 */
import { once } from 'node:events';
import { fdatasync, openSync, writeSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { buffer } from 'node:stream/consumers';

export interface BareServer {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Of each answer. */
  readonly bytes: number;
  /** What each PATCH is written to; need not exist. */
  readonly log: string;
}

/** Two pages, what SQLite writes of a small change, over and over in as much as its log has. */
const CHANGE = Buffer.alloc(2 * 4096, 'x');
const LOG_BYTES = 4 << 20;

const [{ host, port, bytes, log, ...tls }] = (await once(process, 'message')) as [BareServer];
const body = Buffer.alloc(bytes, 'x');
const watchers: ServerResponse[] = [];
let revision = 1;

const file = openSync(log, 'w');
writeSync(file, Buffer.alloc(LOG_BYTES));
const durably = (then: () => void) => {
  writeSync(file, CHANGE, 0, CHANGE.length, (revision * CHANGE.length) % LOG_BYTES);
  fdatasync(file, then);
};

/** An object of `bytes` with what the patch says of its metadata. */
function patched(patch: Buffer): string {
  const { metadata } = JSON.parse(patch.toString()) as { metadata: object };
  revision += 1;
  const object = { metadata: { ...metadata, resourceVersion: String(revision) }, padding: '' };
  return JSON.stringify({ ...object, padding: 'x'.repeat(bytes - JSON.stringify(object).length) });
}

function answer(reply: ServerResponse, content: Buffer): void {
  reply.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': content.length });
  reply.end(content);
}

const server = createServer({ ...tls, requestCert: true }, async (request, reply) => {
  if (request.method === 'PATCH') {
    const object = patched(await buffer(request));
    durably(() => {
      answer(reply, Buffer.from(object));
      const event = Buffer.from(`{"type":"MODIFIED","object":${object}}\n`);
      for (const watcher of watchers) watcher.write(event);
    });
  } else if (request.url?.includes('watch=true')) {
    watchers.push(reply);
    reply.writeHead(200, { 'Content-Type': 'application/json' }).flushHeaders();
  } else answer(reply, body);
});
server.listen(port, host, () => process.send?.('listening'));
