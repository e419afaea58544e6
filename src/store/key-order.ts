const HIGH_UNITS = /[\ud800-\uffff]/;

/**
 * Order of keys: by UTF-8 bytes, as SQLite and etcd sort. JavaScript compares UTF-16 units, which is the same order
 * except between surrogates and U+E000..U+FFFF.
 */
export function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  if (HIGH_UNITS.test(a) && HIGH_UNITS.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : 1;
}

/** The least key above every key that starts with the prefix (exclusive end of a range scan). */
export function prefixEnd(prefix: string): string {
  const last = prefix.charCodeAt(prefix.length - 1);
  if (last < 0x7f) return prefix.slice(0, -1) + String.fromCharCode(last + 1);
  return `${prefix}\u{10ffff}`;
}
