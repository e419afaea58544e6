/** More findings than this help nobody. */
const MAX_FINDINGS = 100;

type Frame = { readonly is: 'object'; readonly keys: Set<string>; key: string } | { readonly is: 'list'; index: number };

/**
 * Fields that occur twice in one object of a JSON text, which JSON.parse hides: `duplicate field "spec.replicas"`. The text must be valid JSON.
 * Only for fieldValidation=Warn or Strict: it reads the text a second time.
 */
export function findDuplicateKeys(text: string): string[] {
  const frames: Frame[] = [];
  const findings = new Set<string>();
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;
  let expectsKey = false;
  for (let match = tokens.exec(text); match && findings.size < MAX_FINDINGS; match = tokens.exec(text)) {
    const [token] = match;
    const top = frames.at(-1);
    if (token === '{') frames.push({ is: 'object', keys: new Set(), key: '' });
    else if (token === '[') frames.push({ is: 'list', index: 0 });
    else if (token === '}' || token === ']') frames.pop();
    else if (token === ',' && top?.is === 'list') top.index++;
    else if (token[0] === '"' && expectsKey && top?.is === 'object') {
      top.key = JSON.parse(token) as string;
      if (top.keys.has(top.key)) findings.add(`duplicate field ${JSON.stringify(pathOf(frames))}`);
      top.keys.add(top.key);
    }
    expectsKey = token === '{' || (token === ',' && frames.at(-1)?.is === 'object');
  }
  return [...findings];
}

const pathOf = (frames: readonly Frame[]): string =>
  frames
    .map((frame) => (frame.is === 'object' ? `.${frame.key}` : `[${frame.index}]`))
    .join('')
    .slice(1);
