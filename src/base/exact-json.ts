/** JSON as Go reads it into untyped data: whole numbers keep all their digits as far as an int64 goes. Those that a double cannot hold are bigints, here and wherever they go. */

interface ExactJson {
  rawJSON(text: string): object;
  parse(text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown;
}
const exact = JSON as unknown as ExactJson;

declare global {
  interface BigInt {
    /** So that JSON.stringify writes bigints as numbers. */
    toJSON(): object;
  }
}

Object.defineProperty(BigInt.prototype, 'toJSON', {
  configurable: true,
  value(this: bigint): object {
    return exact.rawJSON(this.toString());
  },
});

/** Of many digits, or with an exponent of three: perhaps no double holds it. Only where numbers stand: digests and uids look like that inside, and the slow way would be taken in vain. */
const DUBIOUS_NUMBER = /(?:^|[:[,\s])-?(?:\d{16}|\d[\d.]*[eE]\+?\d{3})/;
const WHOLE = /^-?\d+$/;

/** Throws SyntaxError, and RangeError, in the words of Go, for a number that is greater than a double holds. */
export function parseExactJson(text: string): unknown {
  if (!DUBIOUS_NUMBER.test(text)) return JSON.parse(text);
  return exact.parse(text, (_, value, { source }) =>
    typeof value === 'number' && source !== undefined ? exactNumber(value, source) : value,
  );
}

function exactNumber(value: number, source: string): number | bigint {
  if (!Number.isFinite(value)) throw new RangeError(`json: cannot unmarshal number ${source} into Go value of type float64`);
  return Number.isSafeInteger(value) || !WHOLE.test(source) ? value : (exactInteger(BigInt(source)) ?? value);
}

/** As data has it: a number where that is exact. undefined: no int64. */
export function exactInteger(value: bigint): number | bigint | undefined {
  if (BigInt.asIntN(64, value) !== value) return undefined;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
