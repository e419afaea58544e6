import { createHash } from 'node:crypto';

/** A finished answer: clients that send the entity tag back get 304. */
export interface Document {
  readonly bytes: Buffer;
  /** Quoted, as the header carries it. */
  readonly etag: string;
  readonly contentType: string;
  /**
   * It is an object, which is written in every format. `routed`: upstream's router answers `itself`, which takes GET alone, or all paths `below` it that nobody else
   * knows.
   */
  readonly object?: { readonly routed?: 'itself' | 'below' };
}

interface DocumentOptions {
  readonly contentType?: string;
  readonly indent?: number;
  readonly object?: Document['object'];
}

export function jsonDocument(value: unknown, { contentType = 'application/json', indent = 0, object }: DocumentOptions = {}): Document {
  const bytes = Buffer.from(JSON.stringify(value, undefined, indent));
  return { bytes, etag: entityTag(bytes), contentType, ...(object && { object }) };
}

export const entityTag = (bytes: Uint8Array | string): string => `"${createHash('sha256').update(bytes).digest('hex').toUpperCase()}"`;
