import { createHash } from 'node:crypto';

/** A finished answer: clients that send the entity tag back get 304. */
export interface Document {
  readonly bytes: Buffer;
  /** Quoted, as the header carries it. */
  readonly etag: string;
  readonly contentType: string;
}

export function jsonDocument(value: unknown, contentType = 'application/json', { indent = 0 } = {}): Document {
  const bytes = Buffer.from(JSON.stringify(value, undefined, indent));
  return { bytes, etag: entityTag(bytes), contentType };
}

export const entityTag = (bytes: Uint8Array | string): string => `"${createHash('sha256').update(bytes).digest('hex').toUpperCase()}"`;
