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

/** A UUID of version 4 (RFC 9562). */
export function uuid(random: Random = systemRandom): string {
  const digits = Array.from({ length: 30 }, () => Math.floor(random() * 16).toString(16)).join('');
  const variant = (8 + Math.floor(random() * 4)).toString(16);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(12, 15)}-${variant}${digits.slice(15, 18)}-${digits.slice(18)}`;
}
