import type { ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import type { ResourceDefinition } from '../../api/define.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { PROTOBUF } from '../../api/protobuf/index.ts';
import type { Clock } from '../../base/clock.ts';
import type { Distribution } from '../../base/distribution.ts';
import type { WatchItem, WatchStream } from '../registry/watch.ts';
import type { Accepted } from './accept.ts';
import type { ColumnHead, ColumnHeads } from './column-heads.ts';
import { drained } from './drain.ts';
import { protobufFrame } from './protobuf-answer.ts';
import { type IncludeObject, partialOf, tableOf } from './table.ts';
import { warningHeaders } from './warning-headers.ts';

/** A client that takes nothing for this long is cut; it resumes or lists again. */
export const STALLED_MS = 30_000;
const LINE_END = Buffer.from('}\n');
const STARTS = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
} as const;

/** A watch, and how its client wants to see it. */
export interface ShownWatch {
  readonly stream: WatchStream;
  readonly accepted: Accepted;
  readonly include: IncludeObject;
  readonly columnHeads: ColumnHeads;
  readonly clock: Clock;
  /** Told the bytes of each event. */
  readonly sizes: Pick<Distribution, 'observe'>;
}

interface WatchResponse extends ShownWatch {
  readonly reply: ServerResponse;
  readonly warnings: readonly string[];
}

type EventWriter = (item: WatchItem) => readonly Uint8Array[];

/** One event in its bytes, of which those of the object are the cache's own: a line of JSON, or a frame of protobuf. */
export async function eventWriter({ stream, accepted, include, columnHeads, clock, sizes }: ShownWatch): Promise<EventWriter> {
  const heads = accepted.shape === 'table' ? await columnHeads(stream.definition) : null;
  const write: EventWriter =
    accepted.format === 'protobuf'
      ? (item) => protobufFrame(item, accepted)
      : lineWriter(stream.definition, { accepted, include, heads, clock });
  return (item) => {
    const parts = write(item);
    let bytes = 0;
    for (const part of parts) bytes += part.length;
    sizes.observe(bytes);
    return parts;
  };
}

/** Writes a watch until it ends. */
export async function sendWatch({ reply, warnings, ...watch }: WatchResponse): Promise<void> {
  const { stream, clock, accepted } = watch;
  const write = await eventWriter(watch);
  reply.writeHead(200, {
    'Content-Type': accepted.format === 'protobuf' ? `${PROTOBUF};stream=watch` : 'application/json',
    ...(warnings.length > 0 && { Warning: warningHeaders(warnings) }),
  });
  reply.flushHeaders();
  for await (const batch of stream.batches) {
    if (reply.destroyed) return;
    const wire = wireOf(reply);
    if (!wire) return;
    // The answer alone would let its chunk go piece by piece: the wire holds it back until it is whole.
    wire.cork();
    reply.cork();
    for (const item of batch) for (const part of write(item)) reply.write(part);
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

interface LineOptions {
  readonly accepted: Accepted;
  readonly include: IncludeObject;
  readonly heads: readonly ColumnHead[] | null;
  readonly clock: Clock;
}

function lineWriter(source: ResourceDefinition, options: LineOptions): (item: WatchItem) => readonly Buffer[] {
  const { accepted, include, clock } = options;
  const { shape, version } = accepted;
  let { heads } = options;
  const line = (type: string, object: object) => [Buffer.from(`{"type":"${type}","object":${JSON.stringify(object)}}\n`)];
  const shaped = (object: KubeObject) => {
    if (shape === 'partial') return partialOf(object, version);
    if (shape !== 'table') return object;
    const metadata = { resourceVersion: object.metadata?.resourceVersion ?? '' };
    const table = tableOf([object], metadata, { source, heads, include, version, nowMs: clock.now() });
    heads = null;
    return table;
  };
  return (item) => {
    if (item.type === 'ERROR') return line(item.type, item.object);
    if (item.type === 'BOOKMARK') return line(item.type, shaped(item.object));
    if (shape !== 'table' && shape !== 'partial') return [STARTS[item.type], item.item.bytes, LINE_END];
    return line(item.type, shaped(item.item.object));
  };
}
