/** Alphabets of Go's encoding/base64 that the API has: StdEncoding, and RawURLEncoding, which has no padding. */
const ALPHABETS = { standard: /[A-Za-z0-9+/]/, rawUrl: /[A-Za-z0-9_-]/ };

/**
 * Why the text is no base64, in Go's words: `illegal base64 data at input byte 3`. undefined: it is. Line breaks count as bytes and mean nothing. For texts that are
 * refused: it is slow.
 */
export function goBase64Fault(text: string, alphabet: keyof typeof ALPHABETS = 'standard'): string | undefined {
  const at = faultAt(text, ALPHABETS[alphabet], alphabet === 'standard');
  return at === undefined ? undefined : `illegal base64 data at input byte ${at}`;
}

const isBreak = (char: string | undefined): boolean => char === '\n' || char === '\r';

function skipBreaks(text: string, from: number): number {
  let at = from;
  while (isBreak(text[at])) at += 1;
  return at;
}

function faultAt(text: string, alphabet: RegExp, isPadded: boolean): number | undefined {
  let read = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (isBreak(char)) continue;
    if (alphabet.test(char)) read = (read + 1) % 4;
    else return isPadded && char === '=' ? paddingFaultAt(text, at, read) : at;
  }
  return read === 1 || (isPadded && read > 0) ? text.length - read : undefined;
}

/** After two characters of four there are two equals signs, after three one, and then nothing. */
function paddingFaultAt(text: string, at: number, read: number): number | undefined {
  if (read < 2) return at;
  let end = at + 1;
  if (read === 2) {
    end = skipBreaks(text, end);
    if (end === text.length) return end;
    if (text[end] !== '=') return end - 1;
    end += 1;
  }
  end = skipBreaks(text, end);
  return end < text.length ? end : undefined;
}
