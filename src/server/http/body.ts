import type { IncomingMessage } from 'node:http';
import { jsonFault } from '../../api/meta/json-fault.ts';
import { ApiError } from '../../api/meta/status.ts';
import { decodeProtobuf, PROTOBUF } from '../../api/protobuf/index.ts';
import { findDuplicateKeys } from '../../api/schema/index.ts';
import type { PatchType, RequestOptions } from '../../api/transport.ts';
import { badRequest, unreadable } from '../registry/errors.ts';
import { readYaml } from './yaml-body.ts';

/** Greatest body of a request (upstream's default for resources). */
export const BODY_LIMIT_BYTES = 3 * 1024 * 1024;
/** Lists and objects within one another. No kind of the API needs a tenth of it. */
const MAX_DEPTH = 1000;

const PATCH_TYPES: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

const mediaType = (raw: IncomingMessage): string => (raw.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';

/** Throws RequestEntityTooLarge past the limit. */
export async function readBody(raw: IncomingMessage): Promise<Buffer> {
  const tooLarge = () => new ApiError('RequestEntityTooLarge', `Request entity too large: limit is ${BODY_LIMIT_BYTES}`);
  if (Number(raw.headers['content-length'] ?? 0) > BODY_LIMIT_BYTES) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of raw as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

/** The patch's kind by its media type. Throws UnsupportedMediaType. */
export function patchTypeOf(raw: IncomingMessage): PatchType {
  const type = mediaType(raw);
  const found = PATCH_TYPES[type];
  if (found) return found;
  const known = Object.keys(PATCH_TYPES).join(', ');
  throw new ApiError('UnsupportedMediaType', `the body of the request was in an unknown format - accepted media types include: ${known}`);
}

export interface Reading {
  readonly options: RequestOptions | undefined;
  /** What is to be read, for the messages. */
  readonly kind: string;
  readonly warn: (text: string) => void;
}

export interface Parsed {
  /** undefined: the request has no body. */
  readonly value: unknown;
  /** What the body says twice, under strict validation: refused together with its unknown fields. */
  readonly repeatedFields?: readonly string[];
}

/**
 * The body as data, whatever its media type. Repeated keys are warned of, or told, as field validation asks. Throws UnsupportedMediaType, and BadRequest for what is no
 * JSON, YAML or protobuf.
 */
export function parseBody(raw: IncomingMessage, bytes: Buffer, reading: Reading): Parsed {
  if (bytes.length === 0) return { value: undefined };
  const type = mediaType(raw);
  if (type === PROTOBUF) return { value: decodeProtobuf(bytes) };
  const text = bytes.toString('utf8');
  if (type === 'application/yaml') return parseYaml(text, reading);
  if (type === 'application/apply-patch+yaml') return { value: parseApplied(text, reading) };
  if (type !== '' && type !== 'application/json' && PATCH_TYPES[type] === undefined) {
    const message =
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf';
    throw new ApiError('UnsupportedMediaType', message);
  }
  checkDepth(text);
  const value = parseJson(text, type, reading.kind);
  return parsed(value, validationOf(reading) === 'Ignore' ? [] : findDuplicateKeys(text), reading);
}

const validationOf = ({ options }: Reading): 'Ignore' | 'Warn' | 'Strict' => options?.fieldValidation ?? 'Warn';

function parsed(value: unknown, repeatedFields: readonly string[], reading: Reading): Parsed {
  if (repeatedFields.length === 0) return { value };
  const validation = validationOf(reading);
  if (validation === 'Strict') return { value, repeatedFields };
  if (validation === 'Warn') for (const finding of repeatedFields) reading.warn(finding);
  return { value };
}

const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT, QUOTE, BACKSLASH] = [...'[]{}"\\'].map((c) => c.charCodeAt(0));

/** Everything that comes after the parser walks the value by recursion. Throws BadRequest. */
function checkDepth(json: string): void {
  if (json.length < 2 * MAX_DEPTH) return;
  let depth = 0;
  for (let i = 0; i < json.length; i += 1) {
    const code = json.charCodeAt(i);
    if (code === QUOTE) i = endOfString(json, i);
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      depth += 1;
      if (depth > MAX_DEPTH) throw badRequest(`the body is nested too deeply: exceeded max depth of ${MAX_DEPTH}`);
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth -= 1;
  }
}

function endOfString(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end >= 0; end = json.indexOf('"', end + 1)) {
    let first = end;
    while (json.charCodeAt(first - 1) === BACKSLASH) first -= 1;
    if ((end - first) % 2 === 0) return end;
  }
  return json.length;
}

function parseJson(text: string, type: string, kind: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = jsonFault(text) ?? (error instanceof Error ? error.message : String(error));
    if (PATCH_TYPES[type] === 'strategic') throw badRequest(why);
    throw PATCH_TYPES[type] ? badRequest(`error decoding patch: ${why}`) : unreadable(kind, why, text);
  }
}

/** Client libraries send JSON under the name of YAML, which is a hundred times quicker to read. */
function parseApplied(text: string, reading: Reading): unknown {
  const validation = validationOf(reading);
  if (text.trimStart().startsWith('{') && (validation === 'Ignore' || findDuplicateKeys(text).length === 0)) {
    try {
      return JSON.parse(text);
    } catch {
      // It may be YAML all the same.
    }
  }
  const { value, repeated } = readYaml(text);
  checkDepth(JSON.stringify(value) ?? '');
  if (repeated === undefined || validation === 'Ignore') return value;
  const finding = `error converting YAML to JSON: ${repeated}`;
  if (validation === 'Strict') throw badRequest(`error strict decoding YAML: ${finding}`);
  reading.warn(finding);
  return value;
}

function parseYaml(text: string, reading: Reading): Parsed {
  const { value, repeated } = readYaml(text);
  checkDepth(JSON.stringify(value) ?? '');
  return parsed(value, repeated === undefined ? [] : [repeated], reading);
}
