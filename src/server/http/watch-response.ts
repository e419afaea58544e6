import type { ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import type { ResourceDefinition } from '../../api/define.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { PROTOBUF } from '../../api/protobuf/index.ts';
import type { Clock } from '../../base/clock.ts';
import type { Distribution } from '../../base/distribution.ts';
import { isInitialEnd, type WatchStream } from '../registry/watch.ts';
import type { Accepted } from './accept.ts';
import type { ColumnHead, ColumnHeads } from './column-heads.ts';
import { drained } from './drain.ts';
import { protobufFrame } from './protobuf-answer.ts';
import { type IncludeObject, partialOf, tableOf } from './table.ts';
import { warningHeaders } from './warning-headers.ts';
import type { EventWriter, WatchBatches } from './watch-batches.ts';

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
  readonly reply: Reply;
  readonly batches: WatchBatches;
  readonly warnings: readonly string[];
  /** Called once everything that there was is on its way, where that was asked for. */
  readonly listed?: (() => void) | undefined;
}

/** The bytes of the object are the cache's own. */
export async function eventWriter({ stream, accepted, include, columnHeads, clock }: ShownWatch): Promise<EventWriter> {
  const heads = accepted.shape === 'table' ? await columnHeads(stream.definition) : null;
  if (accepted.format === 'protobuf') return (item) => protobufFrame(item, accepted);
  return lineWriter(stream.definition, { accepted, include, heads, clock });
}

/** Tables name their columns once, and say ages. */
const formOf = ({ format, shape, version }: Accepted): string | null => (shape === 'table' ? null : `${format} ${shape} ${version}`);

/**
 * Writes a watch until it ends: past the answer to what it goes out on, for the answer would make chunks of its own, of several parts. After the head nothing else is
 * written there until the end.
 */
export async function sendWatch({ reply, warnings, batches, listed, ...watch }: WatchResponse): Promise<void> {
  const { stream, accepted, sizes } = watch;
  let isListing = listed !== undefined;
  const write = await eventWriter(watch);
  reply.writeHead(200, {
    'Content-Type': accepted.format === 'protobuf' ? `${PROTOBUF};stream=watch` : 'application/json',
    ...(warnings.length > 0 && { Warning: warningHeaders(warnings) }),
  });
  reply.flushHeaders();
  const form = formOf(accepted);
  const isHead = reply.req.method === 'HEAD';
  const wire = reply.stream ?? reply.socket ?? (await assigned(reply));
  for await (const items of stream.batches) {
    if (isHead) continue;
    const batch = batches.of(form, items, write);
    for (const size of batch.sizes) sizes.observe(size);
    if (!wire || reply.destroyed) return;
    for (const { chunk, bytes } of batch.pieces) wire.write(reply.chunkedEncoding && !reply.stream ? chunk : bytes);
    if (isListing && items.some((item) => item.type === 'BOOKMARK' && isInitialEnd(item.object))) {
      isListing = false;
      listed?.();
    }
    if (wire.writableNeedDrain && !(await untilDrained(reply, wire, watch.clock))) return;
  }
  reply.end();
}

type Reply = ServerResponse & { readonly stream?: Writable };

/** A request that came before the last answer on its connection was out gets the connection when it is. undefined: the connection is gone. */
function assigned(reply: Reply): Promise<Writable | undefined> {
  const { promise, resolve } = Promise.withResolvers<Writable | undefined>();
  reply.once('socket', resolve);
  reply.once('close', () => resolve(undefined));
  return promise;
}

/** A batch is written whole first: one piece a turn of the event loop would be slower than what comes in. */
async function untilDrained(reply: ServerResponse, wire: Writable, clock: Clock): Promise<boolean> {
  using _cut = clock.timer(STALLED_MS, () => reply.destroy());
  return await drained(wire);
}

interface LineOptions {
  readonly accepted: Accepted;
  readonly include: IncludeObject;
  readonly heads: readonly ColumnHead[] | null;
  readonly clock: Clock;
}

function lineWriter(source: ResourceDefinition, options: LineOptions): EventWriter {
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
    if (shape !== 'table' && shape !== 'partial') return [STARTS[item.type], item.item.span ?? item.item.bytes, LINE_END];
    return line(item.type, shaped(item.item.object));
  };
}
