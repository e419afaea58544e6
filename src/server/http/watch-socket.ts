import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { RequestContext } from '../ports.ts';
import { acceptWebSocket, NORMAL_CLOSURE, offeredProtocols, send } from '../tunnel/websocket.ts';
import { endingWith, type FrontOptions, stopping } from './front.ts';
import { joinParts, lengthOf } from './pieces.ts';
import type { RequestEnd } from './request-end.ts';
import { labelsOf } from './request-labels.ts';
import type { Routed } from './resource-request.ts';
import { wantedForm } from './wanted-form.ts';
import { eventWriter, type ShownWatch, STALLED_MS } from './watch-response.ts';

/** Before each frame of protobuf over HTTP; a message of a WebSocket has its length already. */
const FRAME_LENGTH_BYTES = 4;

interface Asked {
  readonly raw: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly routed: Routed;
  readonly context: RequestContext;
  readonly gone: RequestEnd;
}

/**
 * Answers a watch that is asked for over a WebSocket, as browsers and the Java client fabric8 do: each event is a message, text for JSON and binary for
 * protobuf. What the client sends is ignored. Throws ApiError before the socket is taken.
 */
export async function answerWatchBySocket(options: FrontOptions, { raw, socket, head, routed, context, gone }: Asked): Promise<void> {
  const { definition, request } = routed;
  if (definition.deprecation !== undefined) options.metrics.requestedDeprecated(labelsOf(raw, routed));
  const form = wantedForm(raw, routed);
  using _counted = options.watches.open(context.user.name, request);
  using _closing = endingWith(options.closing, gone);
  const stream = await options.registry.watch(request, context);
  using _running = stopping(options.metrics.longRunning(labelsOf(raw, routed)));
  const ws = await acceptWebSocket(raw, socket, head, offeredProtocols(raw)[0]);
  ws.on('error', () => ws.terminate());
  const { columnHeads, clock, metrics } = options;
  await sendEvents(ws, { ...form, stream, columnHeads, clock, sizes: metrics.watchEvents(request) });
  ws.close(NORMAL_CLOSURE);
}

async function sendEvents(ws: WebSocket, watch: ShownWatch): Promise<void> {
  const write = await eventWriter(watch);
  const isText = watch.accepted.format !== 'protobuf';
  for await (const batch of watch.stream.batches) {
    using _cut = watch.clock.timer(STALLED_MS, () => ws.terminate());
    for (const item of batch) {
      const parts = write(item);
      const bytes = joinParts(parts, lengthOf(parts));
      watch.sizes.observe(bytes.length);
      await (isText ? send(ws, bytes, { isText }) : send(ws, bytes.subarray(FRAME_LENGTH_BYTES)));
    }
  }
}
