import type { IncomingMessage } from 'node:http';
import { jsonFault } from '../../api/meta/json-fault.ts';
import { ApiError } from '../../api/meta/status.ts';
import { decodeProtobuf, PROTOBUF } from '../../api/protobuf/index.ts';
import { endOfString, findDuplicateKeys, findingsInOrder } from '../../api/schema/index.ts';
import type { ApiRequest, PatchType, RequestOptions, Verb } from '../../api/transport.ts';
import { parseExactJson } from '../../base/exact-json.ts';
import { badRequest, unreadable, unreadableOptions, unrecognized } from '../registry/errors.ts';
import { bareTypes } from './accept.ts';
import { readYaml, unmarshalErrors, type YamlBody, YamlFault } from './yaml-body.ts';

/** Greatest body of a request (upstream's default for resources). */
export const BODY_LIMIT_BYTES = 3 * 1024 * 1024;
/** Lists and objects within one another. No kind of the API needs a tenth of it. */
const MAX_DEPTH = 1000;

const OBJECT_TYPES: readonly string[] = ['application/json', 'application/yaml', PROTOBUF];
const PATCH_TYPES: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const MEDIA_TYPE = new RegExp(`^\\s*${TOKEN}/${TOKEN}\\s*(?:;\\s*${TOKEN}=(?:${TOKEN}|"(?:[^"\\\\]|\\\\.)*")\\s*)*;?\\s*$`);

/** Without its parameters; the whole header where it is not well formed, which is no type that anybody knows. '': there is none. */
function mediaType(raw: IncomingMessage): string {
  const header = raw.headers['content-type'] ?? '';
  return MEDIA_TYPE.test(header) ? (header.split(';', 1)[0] ?? '').trim().toLowerCase() : header;
}

/** Throws RequestEntityTooLarge past the limit; what comes after it is left unread. Listeners: iterating over a stream costs more than a small body. */
export function readBody(raw: IncomingMessage): Promise<Buffer> {
  const tooLarge = () => new ApiError('RequestEntityTooLarge', `Request entity too large: limit is ${BODY_LIMIT_BYTES}`);
  if (Number(raw.headers['content-length'] ?? 0) > BODY_LIMIT_BYTES) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    raw.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > BODY_LIMIT_BYTES) {
        raw.pause();
        reject(tooLarge());
      } else chunks.push(chunk);
    });
    raw.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    raw.on('error', reject);
    // Every request closes in the end: no error, with its stack, is made for those that were read.
    raw.on('close', () => {
      if (!raw.readableEnded) reject(new Error('the client left in the middle of its request'));
    });
  });
}

/** The patch's kind by its media type. Throws UnsupportedMediaType: what no patch has does not get past upstream's router. */
export function patchTypeOf(raw: IncomingMessage): PatchType {
  const header = raw.headers['content-type'] ?? '';
  const found = PATCH_TYPES[header.split(';', 1)[0]?.trim() ?? ''];
  if (found) return found;
  if (!bareTypes(header).some((type) => PATCH_TYPES[type])) {
    throw new ApiError('UnsupportedMediaType', '415: Unsupported Media Type', { details: {} });
  }
  throw unknownFormat(Object.keys(PATCH_TYPES));
}

const unknownFormat = (known: readonly string[]): ApiError =>
  new ApiError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${known.join(', ')}`,
  );

export interface Reading {
  readonly options: RequestOptions | undefined;
  /** What is to be read, for the messages. */
  readonly kind: string;
  readonly verb: Verb;
  readonly warn: (text: string) => void;
}

export interface Parsed {
  /** undefined: the request has no body. */
  readonly value: unknown;
  readonly findings?: ApiRequest['findings'];
}

/**
 * The body as data, whatever its media type. Throws UnsupportedMediaType, and BadRequest for what is no
 * JSON, YAML or protobuf.
 */
export function parseBody(raw: IncomingMessage, bytes: Buffer, reading: Reading): Parsed {
  const isPatch = reading.verb === 'patch';
  if (bytes.length === 0 && (isPatch || isDeletion(reading))) return { value: undefined };
  const type = mediaType(raw);
  if (!isPatch && type !== '' && !OBJECT_TYPES.includes(type)) throw unknownFormat(OBJECT_TYPES);
  if (bytes.length === 0) return { value: undefined };
  if (type === PROTOBUF) return { value: decodeProtobuf(bytes) };
  const text = bytes.toString('utf8');
  if (type === 'application/yaml') return parseYaml(text, reading);
  if (type === 'application/apply-patch+yaml') return { value: parseApplied(text, reading) };
  checkDepth(text);
  const value = parseJson(text, type, reading.kind);
  if (validationOf(reading) === 'Ignore') return { value };
  const repeated = findDuplicateKeys(text, value);
  if (PATCH_TYPES[type] === 'json') return { value, findings: readBySortedKeys(findingsOfJsonPatch(value, text)) };
  if (repeated.length === 0) return { value };
  const bySortedKeys = readBySortedKeys(repeated);
  return { value, findings: (unknown, isTyped) => (isTyped && !isPatch ? findingsInOrder(text, unknown) : bySortedKeys(unknown, isTyped)) };
}

/** What has been a Go map on its way to a type is read in the order of its keys, after what it says twice. Custom resources stay maps. */
const readBySortedKeys =
  (repeated: readonly string[]) =>
  (unknown: readonly string[], isTyped: boolean): string[] => [...repeated, ...(isTyped ? unknown.toSorted() : unknown)];

/** apiserver reads the operations strictly to look for what they say (applyJSPatch in patch.go). */
function findingsOfJsonPatch(operations: unknown, text: string): string[] {
  const unknown = Array.isArray(operations)
    ? operations.flatMap((each, i) =>
        Object.keys(each ?? {}).flatMap((key) => (OPERATION_FIELDS.has(key) ? [] : [`unknown field ${JSON.stringify(`[${i}].${key}`)}`])),
      )
    : [];
  return findingsInOrder(text, unknown).map((finding) => `json patch ${finding}`);
}

const OPERATION_FIELDS: ReadonlySet<string> = new Set(['op', 'path', 'from', 'value']);

const isDeletion = ({ verb }: Reading) => verb === 'delete' || verb === 'deletecollection';
/** Options of deletions are read as they come. */
const validationOf = (reading: Reading): 'Ignore' | 'Warn' | 'Strict' =>
  isDeletion(reading) ? 'Ignore' : (reading.options?.fieldValidation ?? 'Warn');

const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT, QUOTE] = [...'[]{}"'].map((c) => c.charCodeAt(0));

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

function parseJson(text: string, type: string, kind: string): unknown {
  try {
    return parseExactJson(text);
  } catch (error) {
    const why = jsonFault(text) ?? (error instanceof Error ? error.message : String(error));
    if (PATCH_TYPES[type] === 'strategic') throw badRequest(why);
    if (PATCH_TYPES[type]) throw badRequest(`error decoding patch: ${why}`);
    throw kind === 'DeleteOptions' ? unreadableOptions(why) : unreadable(kind, why, text);
  }
}

/** Client libraries send JSON under the name of YAML, which is a hundred times quicker to read. */
function parseApplied(text: string, reading: Reading): unknown {
  const validation = validationOf(reading);
  const json = text.trimStart().startsWith('{') ? jsonIn(text) : undefined;
  if (json !== undefined) checkDepth(text);
  if (json !== undefined && (validation === 'Ignore' || findDuplicateKeys(text, json).length === 0)) return json;
  const { value, repeated } = yamlIn(text, (why) => badRequest(`error decoding YAML: error converting YAML to JSON: ${why}`));
  checkDepth(JSON.stringify(value) ?? '');
  if (repeated.length === 0 || validation === 'Ignore') return value;
  if (validation === 'Strict') throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${unmarshalErrors(repeated)}`);
  for (const finding of repeated) reading.warn(finding);
  return value;
}

/** undefined: it is none, but may be YAML all the same. */
function jsonIn(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch {
    return undefined;
  }
}

function yamlIn(text: string, refused: (why: string) => ApiError): YamlBody {
  try {
    return readYaml(text);
  } catch (error) {
    throw error instanceof YamlFault ? refused(error.message) : error;
  }
}

function parseYaml(text: string, reading: Reading): Parsed {
  const { value, repeated } = yamlIn(text, (why) => unrecognized(reading.kind, why, text));
  checkDepth(JSON.stringify(value) ?? '');
  if (validationOf(reading) === 'Ignore') return { value };
  const isStrict = repeated.length > 0 && validationOf(reading) === 'Strict';
  return { value, findings: readBySortedKeys(isStrict ? [unmarshalErrors(repeated)] : repeated) };
}
