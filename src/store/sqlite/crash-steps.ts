/** What crash-writer.ts writes at each step of a key, for crash.test.ts to check. Steps begin at 1. */
export const isDeleteStep = (step: number): boolean => step % 5 === 0;

/** Text whose every part tells its step; sizes vary from bytes to several database pages. */
export function valueAt(key: string, step: number): Buffer {
  return Buffer.from(`${key} ${step};`.repeat(1 + ((step * 37) % 500)));
}

export function stepOf(key: string, value: Uint8Array): number {
  const text = Buffer.from(value).toString();
  const step = Number(text.slice(key.length + 1, text.indexOf(';')));
  if (!valueAt(key, step).equals(value)) throw new Error(`${key} holds half of a write: ${text.slice(0, 100)}…`);
  return step;
}
