/** Randomness is passed in, as time is. Uniform in [0, 1). */
export type Random = () => number;

export const systemRandom: Random = () => Math.random();

/** Kubernetes' alphabet for generated names: no vowels, no look-alikes (apimachinery's util/rand). */
const SAFE_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

export function safeString(length: number, random: Random = systemRandom): string {
  let text = '';
  for (let i = 0; i < length; i += 1) text += SAFE_ALPHABET[Math.floor(random() * SAFE_ALPHABET.length)];
  return text;
}
