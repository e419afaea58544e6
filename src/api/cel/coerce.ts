import { runtimeError } from './errors.ts';
import { parseDuration, parseTimestamp } from './time.ts';
import { BYTES, type CelType, DOUBLE, DURATION, TIMESTAMP } from './types.ts';
import { type CelValue, Double } from './values.ts';

type Coerce = (value: CelValue) => CelValue;

/** What makes a value of JSON one of the type that its schema gives it: 1 a double, text a timestamp. undefined: nothing to do. */
export function coercion(type: CelType): Coerce | undefined {
  return type.is === 'named' ? BY_NAME[type.name] : undefined;
}

const BY_NAME: Readonly<Record<string, Coerce>> = {
  [DOUBLE.name]: (value) => (typeof value === 'bigint' ? new Double(Number(value)) : value),
  [TIMESTAMP.name]: (value) => (typeof value === 'string' ? parseTimestamp(value) : value),
  [DURATION.name]: (value) => (typeof value === 'string' ? parseDuration(value) : value),
  [BYTES.name]: (value) => (typeof value === 'string' ? decodeBase64(value) : value),
};

/** Throws CelError: what is no base64. */
export function decodeBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    throw runtimeError('illegal base64 data');
  }
}
