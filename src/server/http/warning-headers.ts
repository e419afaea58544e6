/** More than this in all, in characters, and each is cut short (upstream: WithWarningRecorder); clients bound the size of headers. */
const MOST_CHARS = 4 * 1024;
const SHORT_CHARS = 256;

/**
 * Values of the header Warning (RFC 7234, code 299), one for each different text, in order. Texts with control characters are left out, as upstream. Other characters than
 * ASCII are UTF-8, whose bytes a header is written in one by one.
 */
export function warningHeaders(texts: readonly string[]): string[] {
  const told = [...new Set(texts)].filter((text) => text !== '' && !/\p{Cc}/u.test(text) && text.isWellFormed());
  return withinLimit(told).map((text) => `299 - "${Buffer.from(text.replace(/[\\"]/g, '\\$&')).toString('latin1')}"`);
}

function withinLimit(texts: readonly string[]): readonly string[] {
  const chars = texts.map((text) => [...text]);
  const crossing = indexAtTotal(chars, (sum) => sum > MOST_CHARS);
  if (crossing < 0) return texts;
  const short = chars.map((text) => text.slice(0, SHORT_CHARS));
  // Those that came until it was too much are all told, if briefly; later ones while there is room.
  const full = indexAtTotal(short, (sum) => sum >= MOST_CHARS);
  return short.slice(0, full < 0 ? short.length : Math.max(full, crossing) + 1).map((text) => text.join(''));
}

/** Of the first text with which the sum of lengths is such; -1: never. */
function indexAtTotal(texts: readonly (readonly string[])[], holds: (sum: number) => boolean): number {
  let sum = 0;
  return texts.findIndex((text) => {
    sum += text.length;
    return holds(sum);
  });
}
