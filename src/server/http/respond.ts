import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { apiVersionOf } from '../../api/define.ts';
import type { KubeList, KubeObject } from '../../api/meta/object.ts';
import { ApiError, type Status } from '../../api/meta/status.ts';
import { encodeProtobuf, hasProtobuf, PROTOBUF } from '../../api/protobuf/index.ts';
import { type Answer, answerObject, type ListAnswer, listMetadata } from '../registry/answer.ts';
import { type Accepted, errorFormat, type Format } from './accept.ts';
import type { ColumnHeads, TableSource } from './column-heads.ts';
import { bareList, listItems } from './list-items.ts';
import { joinParts, lengthOf, type Part, writePieces } from './pieces.ts';
import { isPretty, prettyJson } from './pretty.ts';
import { protobufItem, protobufList } from './protobuf-answer.ts';
import { type IncludeObject, partialOf, type Table, tableOf } from './table.ts';
import { warningHeaders } from './warning-headers.ts';
import { yamlText } from './yaml-text.ts';

/** Smaller answers are not worth compressing (upstream's limit). */
const GZIP_FROM_BYTES = 128 * 1024;
const JSON_TYPE = 'application/json';
const LIST_END = Buffer.from(']}\n');
const gzipFast = promisify<Buffer, { level: number }, Buffer>(gzip);

export interface Exchange {
  readonly raw: IncomingMessage;
  readonly reply: ServerResponse;
  readonly warnings: readonly string[];
  readonly accepted: Accepted;
  readonly include: IncludeObject;
  readonly columnHeads: ColumnHeads;
  readonly nowMs: number;
}

/** What an answer is when it is not shown as it is. */
export interface Shaped {
  readonly table: TableSource;
  /** Go's type of the object, as messages have it: `core.Pod`. */
  readonly type: string;
}

function codeOf({ created, accepted }: { readonly created?: boolean; readonly accepted?: boolean }): number {
  if (created) return 201;
  return accepted ? 202 : 200;
}

/** Writes an answer in the shape that the client asked for. Bytes out of the cache go out as they are. */
export async function respond(exchange: Exchange, shaped: Shaped, answer: Answer): Promise<void> {
  const { shape, format } = exchange.accepted;
  if (answer.kind === 'status') return sendObject(exchange, answer.status.code || 200, answer.status);
  const code = answer.kind === 'list' ? 200 : codeOf(answer);
  if (shape !== 'object') return sendShaped(exchange, shaped, answer, code);
  if (answer.kind === 'object') return sendObject(exchange, code, isList(answer.object) ? bareList(answer.object) : answer.object);
  if (format === 'protobuf') return sendProtobuf(exchange, code, answer.kind === 'item' ? protobufItem(answer.item) : protobufList(answer));
  if (answer.kind === 'item' && format === 'yaml') return sendObject(exchange, code, answer.item.object);
  if (answer.kind === 'item') {
    const { bytes } = answer.item;
    return sendBytes(exchange, code, [bytes], bytes.length);
  }
  if (format === 'yaml') return sendYamlList(exchange, answer);
  return sendList(exchange, answer);
}

async function sendShaped(exchange: Exchange, { table, type }: Shaped, answer: Exclude<Answer, { kind: 'status' }>, code: number) {
  const { include, nowMs, accepted, columnHeads } = exchange;
  const { shape, version } = accepted;
  const objects = objectsOf(answer);
  const listed = answer.kind === 'list' || (answer.kind === 'object' && isList(answer.object));
  const metadata = answer.kind === 'list' ? listMetadata(answer) : { resourceVersion: objects[0]?.metadata?.resourceVersion ?? '' };
  if (shape === 'table') {
    const heads = await columnHeads(table);
    return sendObject(exchange, code, tableOf(objects, metadata, { source: table, heads, include, version, nowMs }));
  }
  if (listed !== (shape === 'partialList')) throw wrongShape(listed, type);
  const [only] = objects;
  if (!listed && only) return sendObject(exchange, code, partialOf(only, version));
  const items = objects.map((object) => partialOf(object, version));
  return sendObject(exchange, code, { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${version}`, metadata, items });
}

function wrongShape(listed: boolean, type: string): ApiError {
  const [asked, is] = listed ? ['PartialObjectMetadata', 'a list'] : ['PartialObjectMetadataList', 'not a list'];
  return new ApiError('NotAcceptable', `you requested ${asked}, but the requested object is ${is} (*${type}${listed ? 'List' : ''})`);
}

function objectsOf(answer: Exclude<Answer, { kind: 'status' }>): readonly KubeObject[] {
  if (answer.kind === 'item') return [answer.item.object];
  if (answer.kind === 'list') return answer.items.map((item) => item.object);
  return isList(answer.object) ? answer.object.items : [answer.object];
}

const isList = (object: KubeObject | KubeList): object is KubeList => 'items' in object;

/** In the client's format, where the kind has it. */
const sendObject = (exchange: Exchange, code: number, object: KubeObject | KubeList | Status | Table): Promise<void> =>
  sendAs(exchange, exchange.accepted.format, code, object);

function sendAs(sending: Sending, format: Format, code: number, object: KubeObject | KubeList | Status | Table): Promise<void> {
  if (format === 'protobuf' && hasProtobuf(object)) return sendProtobuf(sending, code, [encodeProtobuf(object as KubeObject)]);
  if (format !== 'yaml') return sendJson(sending, code, object);
  const text = Buffer.from(yamlText(object));
  return sendBytes(sending, code, [text], text.length, 'application/yaml');
}

const sendProtobuf = (exchange: Sending, code: number, parts: readonly Uint8Array[]): Promise<void> => {
  return sendBytes(exchange, code, parts, lengthOf(parts), PROTOBUF);
};

function sendYamlList(exchange: Exchange, answer: ListAnswer): Promise<void> {
  const list = answerObject(answer) as KubeList;
  return sendObject(exchange, 200, answer.definition.structural ? list : bareList(list));
}

async function sendList(exchange: Exchange, answer: ListAnswer): Promise<void> {
  const { definition, items } = answer;
  const type = `"kind":"${definition.listKind}","apiVersion":"${apiVersionOf(definition)}"`;
  // Upstream's lists of custom resources say that nothing continues them, as those of built-in kinds do not.
  const metadata = { ...(definition.structural && { continue: '' }), ...listMetadata(answer) };
  const parts: Part[] = [Buffer.from(`{${type},"metadata":${JSON.stringify(metadata)},"items":[`)];
  for (const part of listItems(definition, items)) parts.push(part);
  parts.push(LIST_END);
  await sendBytes(exchange, 200, parts, lengthOf(parts));
}

/** In the format that the client asked for, as upstream's ErrorNegotiated. */
export async function sendError(sending: Sending, error: ApiError): Promise<void> {
  const retryAfterSeconds = error.details?.retryAfterSeconds;
  if (retryAfterSeconds !== undefined) sending.reply.setHeader('Retry-After', String(retryAfterSeconds));
  await sendAs(sending, errorFormat(sending.raw.headers.accept), error.code, error.toStatus());
}

export async function sendJson(sending: Sending, code: number, value: object | Status): Promise<void> {
  const bytes = Buffer.from(`${JSON.stringify(value)}\n`);
  await sendBytes(sending, code, [bytes], bytes.length);
}

type Sending = Pick<Exchange, 'raw' | 'reply' | 'warnings'>;

function sendBytes(sending: Sending, code: number, parts: readonly Part[], length: number, type = JSON_TYPE): Promise<void> {
  if (type !== JSON_TYPE || !isPretty(sending.raw)) return writeBytes(sending, code, parts, length, type);
  const pretty = prettyJson(joinParts(parts, length));
  return writeBytes(sending, code, [pretty], pretty.length, type);
}

async function writeBytes(
  { raw, reply, warnings }: Sending,
  code: number,
  parts: readonly Part[],
  length: number,
  type: string,
): Promise<void> {
  const headers: Record<string, string | number | string[]> = { 'Content-Type': type };
  if (warnings.length > 0) headers.Warning = warningHeaders(warnings);
  if (raw.method === 'HEAD') {
    reply.writeHead(code, { ...headers, 'Content-Length': length });
    reply.end();
    return;
  }
  if (length > GZIP_FROM_BYTES && /\bgzip\b/.test(String(raw.headers['accept-encoding'] ?? ''))) {
    const packed = await gzipFast(joinParts(parts, length), { level: 1 });
    reply.writeHead(code, { ...headers, 'Content-Encoding': 'gzip', 'Content-Length': packed.length, Vary: 'Accept-Encoding' });
    reply.end(packed);
    return;
  }
  reply.writeHead(code, { ...headers, 'Content-Length': length });
  await writePieces(reply, parts, length);
}
