import type { IncomingMessage } from 'node:http';
import { parseDocument } from 'yaml';
import { jsonFault } from '../../api/meta/json-fault.ts';
import { ApiError } from '../../api/meta/status.ts';
import { decodeProtobuf, PROTOBUF } from '../../api/protobuf/index.ts';
import { findDuplicateKeys } from '../../api/schema/index.ts';
import type { PatchType, RequestOptions } from '../../api/transport.ts';
import { badRequest, unreadable } from '../registry/errors.ts';

/** Greatest body of a request (upstream's default for resources). */
export const BODY_LIMIT_BYTES = 3 * 1024 * 1024;
/** A YAML document may repeat its anchors this often: a bomb of nested aliases is refused. */
const MAX_YAML_ALIASES = 100;
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

/**
 * The body as data, whatever its media type; undefined when it is empty. Repeated keys are reported as field validation asks. Throws UnsupportedMediaType, and
 * BadRequest for what is no JSON, YAML or protobuf.
 */
export function parseBody(raw: IncomingMessage, bytes: Buffer, reading: Reading): unknown {
  if (bytes.length === 0) return undefined;
  const type = mediaType(raw);
  if (type === PROTOBUF) return decodeProtobuf(bytes);
  const text = bytes.toString('utf8');
  if (type === 'application/yaml') return parseYaml(text);
  if (type === 'application/apply-patch+yaml') return parseApplied(text);
  if (type !== '' && type !== 'application/json' && PATCH_TYPES[type] === undefined) {
    const message =
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf';
    throw new ApiError('UnsupportedMediaType', message);
  }
  checkDepth(text);
  const value = parseJson(text, type, reading.kind);
  reportDuplicates(text, reading.options?.fieldValidation ?? 'Warn', reading.warn);
  return value;
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
function parseApplied(text: string): unknown {
  if (!text.trimStart().startsWith('{')) return parseYaml(text);
  try {
    return JSON.parse(text);
  } catch {
    return parseYaml(text);
  }
}

function parseYaml(text: string): unknown {
  const document = parseDocument(text, { merge: true, uniqueKeys: true, resolveKnownTags: false });
  const [error] = document.errors;
  if (error) throw badRequest(`error converting YAML to JSON: ${error.message}`);
  try {
    const value = document.toJS({ maxAliasCount: MAX_YAML_ALIASES });
    checkDepth(JSON.stringify(value) ?? '');
    return value;
  } catch (cause) {
    throw badRequest(`error converting YAML to JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

function reportDuplicates(text: string, validation: 'Ignore' | 'Warn' | 'Strict', warn: (text: string) => void): void {
  if (validation === 'Ignore') return;
  const findings = findDuplicateKeys(text);
  if (findings.length === 0) return;
  if (validation === 'Strict') throw badRequest(`strict decoding error: ${findings.join(', ')}`);
  for (const finding of findings) warn(finding);
}
