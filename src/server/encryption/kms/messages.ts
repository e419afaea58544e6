import {
  DELIMITED,
  expectWire,
  newReader,
  newWriter,
  type Reader,
  readFields,
  readNested,
  tagOf,
  VARINT,
  type Writer,
} from '../../../api/protobuf/wire.ts';

/**
 * The messages of Kubernetes' KMS API v2 (k8s.io/kms, apis/v2/api.proto) and the envelope that the API server stores (apiserver, kmsv2/v2/api.proto). Numbers are those files' field
 * numbers.
 */
export type Annotations = Readonly<Record<string, Uint8Array>>;

export interface KmsStatus {
  readonly version: string;
  readonly healthz: string;
  readonly keyId: string;
}

/** A key that the KMS has encrypted. */
export interface EncryptedKey {
  readonly ciphertext: Uint8Array;
  readonly keyId: string;
  readonly annotations: Annotations;
}

/** What the plain text of an envelope's key is: the AES key itself, or the seed that keys are derived from (KEP-3299). */
export type KeySource = 'key' | 'seed';

export interface Envelope extends EncryptedKey {
  readonly data: Uint8Array;
  readonly source: KeySource;
}

const SOURCES: readonly KeySource[] = ['key', 'seed'];
const NOTHING: Uint8Array = new Uint8Array();

export const encodeStatusRequest = (): Buffer => Buffer.alloc(0);

export function decodeStatus(bytes: Uint8Array): KmsStatus {
  const read = { version: '', healthz: '', keyId: '' };
  const fields = ['version', 'healthz', 'keyId'] as const;
  const reader = newReader(bytes);
  readFields(reader, bytes.length, 0, (number, wire) => {
    const name = fields[number - 1];
    if (name) read[name] = textOf(reader, wire);
    return name !== undefined;
  });
  return read;
}

export function encodeEncryptRequest({ plaintext, uid }: { readonly plaintext: Uint8Array; readonly uid: string }): Buffer {
  const writer = newWriter();
  putBytes(writer, 1, plaintext);
  putText(writer, 2, uid);
  return Buffer.from(writer.finish());
}

export function decodeEncryptResponse(bytes: Uint8Array): EncryptedKey {
  const read = { ciphertext: NOTHING, keyId: '', annotations: {} as Record<string, Uint8Array> };
  const reader = newReader(bytes);
  readFields(reader, bytes.length, 0, (number, wire) => {
    if (number === 1) read.ciphertext = bytesOf(reader, wire);
    else if (number === 2) read.keyId = textOf(reader, wire);
    else if (number === 3) takeAnnotation(reader, wire, read.annotations);
    else return false;
    return true;
  });
  return read;
}

export function encodeDecryptRequest({ ciphertext, keyId, annotations, uid }: EncryptedKey & { readonly uid: string }): Buffer {
  const writer = newWriter();
  putBytes(writer, 1, ciphertext);
  putText(writer, 2, uid);
  putText(writer, 3, keyId);
  putAnnotations(writer, 4, annotations);
  return Buffer.from(writer.finish());
}

export function decodeDecryptResponse(bytes: Uint8Array): Uint8Array {
  let plaintext: Uint8Array = NOTHING;
  const reader = newReader(bytes);
  readFields(reader, bytes.length, 0, (number, wire) => {
    if (number === 1) plaintext = bytesOf(reader, wire);
    return number === 1;
  });
  return plaintext;
}

export function encodeEnvelope({ data, keyId, ciphertext, annotations, source }: Envelope): Buffer {
  const writer = newWriter();
  putBytes(writer, 1, data);
  putText(writer, 2, keyId);
  putBytes(writer, 3, ciphertext);
  putAnnotations(writer, 4, annotations);
  if (source === 'seed') writer.uint32(tagOf(5, VARINT)).uint32(SOURCES.indexOf(source));
  return Buffer.from(writer.finish());
}

/** Throws an Error when the bytes are no envelope. */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const read = { data: NOTHING, keyId: '', ciphertext: NOTHING, annotations: {} as Record<string, Uint8Array>, source: 0 };
  const reader = newReader(bytes);
  readFields(reader, bytes.length, 0, (number, wire) => {
    if (number === 1) read.data = bytesOf(reader, wire);
    else if (number === 2) read.keyId = textOf(reader, wire);
    else if (number === 3) read.ciphertext = bytesOf(reader, wire);
    else if (number === 4) takeAnnotation(reader, wire, read.annotations);
    else if (number === 5) read.source = numberOf(reader, wire);
    else return false;
    return true;
  });
  const source = SOURCES[read.source];
  if (!source) throw new Error(`unknown encryptedDEKSourceType: ${read.source}`);
  return { ...read, source };
}

function numberOf(reader: Reader, wire: number): number {
  expectWire(wire, VARINT);
  return reader.uint32();
}

function bytesOf(reader: Reader, wire: number): Uint8Array {
  expectWire(wire, DELIMITED);
  return reader.bytes();
}

function textOf(reader: Reader, wire: number): string {
  expectWire(wire, DELIMITED);
  return reader.string();
}

function takeAnnotation(reader: Reader, wire: number, into: Record<string, Uint8Array>): void {
  let key = '';
  let value: Uint8Array = NOTHING;
  readNested(reader, wire, 0, (number, innerWire) => {
    if (number === 1) key = textOf(reader, innerWire);
    else if (number === 2) value = bytesOf(reader, innerWire);
    else return false;
    return true;
  });
  Object.defineProperty(into, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Empty is the default of proto3 and is left out. */
function putBytes(writer: Writer, number: number, value: Uint8Array): void {
  if (value.length > 0) writer.uint32(tagOf(number, DELIMITED)).bytes(value);
}

function putText(writer: Writer, number: number, value: string): void {
  if (value !== '') writer.uint32(tagOf(number, DELIMITED)).string(value);
}

function putAnnotations(writer: Writer, number: number, annotations: Annotations): void {
  for (const [key, value] of Object.entries(annotations)) {
    writer.uint32(tagOf(number, DELIMITED)).fork();
    putText(writer, 1, key);
    putBytes(writer, 2, value);
    writer.ldelim();
  }
}
