/** Kubernetes' alphabet for generated names: no vowels, so no words. */
const SAFE_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** Plain structs in upstream's Go types: a Go client sends them as `{}` where another leaves them out. */
const SAME_WHEN_EMPTY = new Set(['resources', 'metadata', 'strategy', 'status']);

function isNothing(key: string, value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return SAME_WHEN_EMPTY.has(key) && typeof value === 'object' && Object.keys(value).length === 0;
}

/** JSON with sorted keys, without what makes no difference: two objects mean the same if and only if their texts are the same. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([key, part]) => !isNothing(key, part))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, part]) => `${JSON.stringify(key)}:${canonical(part)}`).join(',')}}`;
}

/** FNV-1a over the text's UTF-16 units; 32 bits, as upstream's hash of templates. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >> 8), 0x01000193);
  }
  return hash >>> 0;
}

/** The value of the label pod-template-hash: a safe part of a name, in upstream's letters (SafeEncodeString of apimachinery's util/rand). Another collisionCount gives another hash. */
export function templateHash(template: unknown, collisionCount = 0): string {
  const text = canonical(template) + (collisionCount > 0 ? `#${collisionCount}` : '');
  return [...String(fnv1a(text))].map((digit) => SAFE_ALPHABET[digit.charCodeAt(0) % SAFE_ALPHABET.length]).join('');
}
