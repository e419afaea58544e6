/**
 * The shape of a certification request (RFC 2986, in DER): what upstream's parser insists on before anybody looks at what is asked for.
 * Findings are worded as Go's asn1 package words them, since they are the wire-visible refusal.
 */

interface Shape {
  /** Go's name of the type, which a mismatch tells. */
  readonly name: string;
  /** Absent: any element will do. */
  readonly tag?: number;
  readonly contextual?: true;
  readonly optional?: true;
  readonly fields?: readonly Shape[];
  /** Any number of elements of this shape. */
  readonly of?: Shape;
  /** Throws a DerError. */
  readonly check?: (content: Uint8Array) => void;
}

interface Header {
  readonly class: number;
  readonly tag: number;
  readonly length: number;
  readonly isCompound: boolean;
  /** Where the content begins. */
  readonly start: number;
}

class DerError extends Error {}
const syntax = (detail: string) => new DerError(`asn1: syntax error: ${detail}`);
const structure = (detail: string) => new DerError(`asn1: structure error: ${detail}`);

/** In the place of a tag: the tag follows. */
const LONG_TAG = 0x1f;
const MAX_SHORT_LENGTH = 0x7f;
const LENGTH_LIMIT = 2 ** 23;
const MAX_BASE128_BYTES = 5;
const MAX_INT32 = 0x7fff_ffff;

function base128(bytes: Uint8Array, from: number): { value: number; next: number } {
  let value = 0;
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (at - from === MAX_BASE128_BYTES) throw structure('base 128 integer too large');
    if (at === from && byte === 0x80) throw syntax('integer is not minimally encoded');
    value = value * 128 + (byte & 0x7f);
    if ((byte & 0x80) !== 0) continue;
    if (value > MAX_INT32) throw structure('base 128 integer too large');
    return { value, next: at + 1 };
  }
  throw syntax('truncated base 128 integer');
}

function longTag(bytes: Uint8Array, from: number): { tag: number; next: number } {
  const { value: tag, next } = base128(bytes, from);
  if (tag < LONG_TAG) throw syntax('non-minimal tag');
  return { tag, next };
}

function longLength(bytes: Uint8Array, from: number, count: number): number {
  if (count === 0) throw syntax('indefinite length found (not DER)');
  let length = 0;
  for (let i = 0; i < count; i++) {
    const byte = bytes[from + i];
    if (byte === undefined) throw syntax('truncated tag or length');
    if (length >= LENGTH_LIMIT) throw structure('length too large');
    length = length * 256 + byte;
    if (length === 0) throw structure('superfluous leading zeros in length');
  }
  if (length <= MAX_SHORT_LENGTH) throw structure('non-minimal length');
  return length;
}

function headerAt(bytes: Uint8Array, from: number): Header {
  const first = bytes[from] ?? 0;
  const short = first & LONG_TAG;
  const { tag, next } = short === LONG_TAG ? longTag(bytes, from + 1) : { tag: short, next: from + 1 };
  const size = bytes[next];
  if (size === undefined) throw syntax('truncated tag or length');
  const about = { class: first >> 6, tag, isCompound: (first & 0x20) !== 0 };
  if (size <= MAX_SHORT_LENGTH) return { ...about, length: size, start: next + 1 };
  const count = size & MAX_SHORT_LENGTH;
  return { ...about, length: longLength(bytes, next + 1, count), start: next + 1 + count };
}

function mismatch({ tag, name }: Shape, { start, ...found }: Header): DerError {
  const header = `{class:${found.class} tag:${found.tag} length:${found.length} isCompound:${found.isCompound}}`;
  const parameters =
    '{optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false}';
  return structure(`tags don't match (${tag} vs ${header}) ${parameters} ${name} @${start}`);
}

const fits = ({ tag, contextual, fields, of }: Shape, header: Header): boolean =>
  tag === undefined ||
  (header.tag === tag && header.class === (contextual ? 2 : 0) && header.isCompound === (fields !== undefined || of !== undefined));

/** Go looks at all headers first, then into the elements. */
function readElements(shape: Shape, bytes: Uint8Array): void {
  const begins: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    begins.push(at);
    const header = headerAt(bytes, at);
    if (!fits(shape, header)) throw structure('sequence tag mismatch');
    at = header.start + header.length;
    if (at > bytes.length) throw syntax('truncated sequence');
  }
  for (const at of begins) read(shape, bytes, at);
}

/** Reads one element; answers with where the next begins. More elements than a sequence has fields are let pass, as Go does. */
function read(shape: Shape, bytes: Uint8Array, from: number): number {
  if (from === bytes.length) {
    if (shape.optional) return from;
    throw syntax('sequence truncated');
  }
  const header = headerAt(bytes, from);
  if (!fits(shape, header)) throw mismatch(shape, header);
  const end = header.start + header.length;
  if (end > bytes.length) throw syntax('data truncated');
  const inner = bytes.subarray(header.start, end);
  let at = 0;
  for (const field of shape.fields ?? []) at = read(field, inner, at);
  if (shape.of) readElements(shape.of, inner);
  shape.check?.(inner);
  return end;
}

function checkInteger([first, second]: Uint8Array): void {
  if (first === undefined) throw structure('empty integer');
  const padded = second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
  if (padded) throw structure('integer not minimally-encoded');
}

function checkBits(content: Uint8Array): void {
  const [padding] = content;
  if (padding === undefined) throw syntax('zero length BIT STRING');
  const wrong = padding > 7 || (content.length === 1 && padding > 0) || ((content.at(-1) ?? 0) & ((1 << padding) - 1)) !== 0;
  if (wrong) throw syntax('invalid padding bits in BIT STRING');
}

function checkIdentifier(content: Uint8Array): void {
  if (content.length === 0) throw syntax('zero length OBJECT IDENTIFIER');
  for (let at = 0; at < content.length; ) at = base128(content, at).next;
}

const BITS: Shape = { name: 'BitString', tag: 3, check: checkBits };
const IDENTIFIER: Shape = { name: 'ObjectIdentifier', tag: 6, check: checkIdentifier };
const ANY: Shape = { name: 'RawValue' };
const ALGORITHM: Shape = {
  name: 'AlgorithmIdentifier',
  tag: 16,
  fields: [IDENTIFIER, { ...ANY, optional: true }],
};
const REQUEST: Shape = {
  name: 'certificateRequest',
  tag: 16,
  fields: [
    {
      name: 'tbsCertificateRequest',
      tag: 16,
      fields: [
        { name: 'int', tag: 2, check: checkInteger },
        ANY,
        { name: 'publicKeyInfo', tag: 16, fields: [ALGORITHM, BITS] },
        { name: '', tag: 0, contextual: true, of: ANY },
      ],
    },
    ALGORITHM,
    BITS,
  ],
};

const NAME: Shape = {
  name: 'RDNSequence',
  tag: 16,
  of: { name: 'RelativeDistinguishedNameSET', tag: 17, of: { name: 'AttributeTypeAndValue', tag: 16, fields: [IDENTIFIER, ANY] } },
};

/** Who asks: after the version, in the first part of the request. */
function subjectOf(der: Uint8Array): Uint8Array {
  const version = headerAt(der, headerAt(der, headerAt(der, 0).start).start);
  const from = version.start + version.length;
  const { start, length } = headerAt(der, from);
  return der.subarray(from, start + length);
}

/** undefined: the bytes are a certification request. Whether its key and its signature are any good the signer finds out. */
export function certificateRequestFinding(der: Uint8Array): string | undefined {
  try {
    if (read(REQUEST, der, 0) !== der.length) throw syntax('trailing data');
    read(NAME, subjectOf(der), 0);
    return undefined;
  } catch (error) {
    if (error instanceof DerError) return error.message;
    throw error;
  }
}
