/** More findings than this help nobody. */
const MAX_FINDINGS = 100;

type Frame = { readonly is: 'object'; readonly keys: Set<string>; key: string } | { readonly is: 'list'; index: number };

/**
 * Fields that occur twice in one object of a JSON text, which JSON.parse hides: `duplicate field "spec.replicas"`. `value` is what JSON.parse made of the text: one with
 * as many members as the text has colons repeats nothing, so the text is taken apart only when it does.
 */
export function findDuplicateKeys(text: string, value: unknown): string[] {
  return countColons(text) === countMembers(value) ? [] : repeatedKeys(text);
}

const [QUOTE, BACKSLASH, COLON] = [...'"\\:'].map((c) => c.charCodeAt(0));

/** Outside of strings. */
function countColons(json: string): number {
  let colons = 0;
  for (let i = 0; i < json.length; i += 1) {
    const code = json.charCodeAt(i);
    if (code === COLON) colons += 1;
    else if (code === QUOTE) i = endOfString(json, i);
  }
  return colons;
}

/** The position of the quote that ends the string which begins at `start`; the text's length when none does. */
export function endOfString(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end >= 0; end = json.indexOf('"', end + 1)) {
    let first = end;
    while (json.charCodeAt(first - 1) === BACKSLASH) first -= 1;
    if ((end - first) % 2 === 0) return end;
  }
  return json.length;
}

function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let members = 0;
  if (Array.isArray(value)) for (const item of value) members += countMembers(item);
  else for (const key in value) members += 1 + countMembers((value as Record<string, unknown>)[key]);
  return members;
}

function repeatedKeys(text: string, unknown: ReadonlySet<string> = new Set()): string[] {
  const frames: Frame[] = [];
  const findings = new Set<string>();
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;
  let expectsKey = false;
  /** How deep the unknown field lies whose value is read over. */
  let unknownAt = Number.POSITIVE_INFINITY;
  for (let match = tokens.exec(text); match && findings.size < MAX_FINDINGS; match = tokens.exec(text)) {
    const [token] = match;
    const top = frames.at(-1);
    if (token === '{') frames.push({ is: 'object', keys: new Set(), key: '' });
    else if (token === '[') frames.push({ is: 'list', index: 0 });
    else if (token === '}' || token === ']') frames.pop();
    else if (token === ',' && top?.is === 'list') top.index++;
    else if (token[0] === '"' && expectsKey && top?.is === 'object' && frames.length <= unknownAt) {
      top.key = JSON.parse(token) as string;
      const isRepeated = top.keys.has(top.key);
      const path = isRepeated || unknown.size > 0 ? JSON.stringify(pathOf(frames)) : '';
      const isUnknown = unknown.has(`unknown field ${path}`);
      if (isUnknown) findings.add(`unknown field ${path}`);
      else if (isRepeated) findings.add(`duplicate field ${path}`);
      unknownAt = isUnknown ? frames.length : Number.POSITIVE_INFINITY;
      top.keys.add(top.key);
    }
    expectsKey = token === '{' || (token === ',' && frames.at(-1)?.is === 'object');
  }
  return [...findings];
}

/** Fields that a JSON text repeats, and those that are unknown (of which it is not told that they are repeated), in the order of the text: so Go's strict decoder finds them. */
export const findingsInOrder = (text: string, unknown: readonly string[]): string[] => repeatedKeys(text, new Set(unknown));

const pathOf = (frames: readonly Frame[]): string =>
  frames
    .map((frame) => (frame.is === 'object' ? `.${frame.key}` : `[${frame.index}]`))
    .join('')
    .replace(/^\./, '');
