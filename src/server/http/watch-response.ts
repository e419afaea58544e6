import type { ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import type { ResourceDefinition } from '../../api/define.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { PROTOBUF } from '../../api/protobuf/index.ts';
import type { Clock } from '../../base/clock.ts';
import type { WatchItem, WatchStream } from '../registry/watch.ts';
import type { Accepted, Shape } from './accept.ts';
import { drained } from './drain.ts';
import { protobufFrame } from './protobuf-answer.ts';
import { type IncludeObject, partialOf, tableOf } from './table.ts';

/** A client that takes nothing for this long is cut; it resumes or lists again. */
const STALLED_MS = 30_000;
const LINE_END = Buffer.from('}\n');
const STARTS = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
} as const;

export interface WatchResponse {
  readonly reply: ServerResponse;
  readonly stream: WatchStream;
  readonly accepted: Accepted;
  readonly include: IncludeObject;
  readonly clock: Clock;
}

/** Writes a watch as one JSON document a line, or as frames of protobuf, until it ends. The bytes of objects are the cache's own, shared by all watchers. */
export async function sendWatch({ reply, stream, accepted, include, clock }: WatchResponse): Promise<void> {
  const { shape, format } = accepted;
  reply.writeHead(200, { 'Content-Type': format === 'protobuf' ? `${PROTOBUF};stream=watch` : 'application/json' });
  reply.flushHeaders();
  const lines =
    format === 'protobuf' ? (item: WatchItem) => protobufFrame(item, shape) : lineWriter(stream.definition, shape, include, clock);
  for await (const batch of stream.batches) {
    if (reply.destroyed) return;
    const wire = wireOf(reply);
    if (!wire) return;
    // The answer alone would let its chunk go piece by piece: the wire holds it back until it is whole.
    wire.cork();
    reply.cork();
    for (const item of batch) for (const part of lines(item)) reply.write(part);
    reply.uncork();
    wire.uncork();
    if (!wire.writableNeedDrain) continue;
    using _cut = clock.timer(STALLED_MS, () => reply.destroy());
    if (!(await drained(wire))) return;
  }
  reply.end();
}

/**
 * What the answer is written to. A batch that it holds back leaves at once, in one chunk and one system call, and has not been copied together for each watcher.
 */
const wireOf = (reply: ServerResponse & { readonly stream?: Writable }): Writable | null => reply.stream ?? reply.socket;

function lineWriter(
  definition: ResourceDefinition,
  shape: Shape,
  include: IncludeObject,
  clock: Clock,
): (item: WatchItem) => readonly Buffer[] {
  const line = (type: string, object: object) => [Buffer.from(`{"type":"${type}","object":${JSON.stringify(object)}}\n`)];
  let headers = true;
  const table = (objects: readonly KubeObject[], metadata: object) => {
    const made = tableOf(objects, metadata, { definition, include, nowMs: clock.now(), headers });
    headers = false;
    return made;
  };
  return (item) => {
    if (item.type === 'ERROR') return line(item.type, item.object);
    if (item.type === 'BOOKMARK') {
      if (shape === 'object') return line(item.type, item.object);
      return line(item.type, shape === 'table' ? table([], { ...item.object.metadata }) : partialOf(item.object));
    }
    if (shape === 'object') return [STARTS[item.type], item.item.bytes, LINE_END];
    const { object } = item.item;
    const metadata = { resourceVersion: object.metadata?.resourceVersion ?? '' };
    return line(item.type, shape === 'table' ? table([object], metadata) : partialOf(object));
  };
}
