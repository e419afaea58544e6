import { type EncryptionPlan, type EncryptionRule, groupResource } from './configuration-plan.ts';
import { type Provider, providersOf } from './providers.ts';

/** Between the bytes that are served and the bytes that are stored, for one resource. */
export interface Transformer {
  toStored(value: Uint8Array, key: string): Uint8Array;
  /** `stale`: not in the form that `toStored` writes. Throws an Error in upstream's words. */
  fromStored(stored: Uint8Array, key: string): { readonly value: Uint8Array; readonly stale: boolean };
}

/** Which transformer serves a resource: that of the first rule that names it. undefined: kept as it is. */
export function transformersOf({ rules }: EncryptionPlan): (group: string, resource: string) => Transformer | undefined {
  const made = rules.map((rule) => ({ covers: coverage(rule), transformer: transformerOf(rule) }));
  return (group, resource) => made.find(({ covers }) => covers(group, resource))?.transformer;
}

function coverage({ resources }: EncryptionRule): (group: string, resource: string) => boolean {
  const covered = resources.map(groupResource);
  return (group, resource) =>
    covered.some((one) => (one.group === '*' || one.group === group) && (one.resource === '*' || one.resource === resource));
}

const KINDS: Readonly<Record<string, string>> = { aescbc: 'AES', aesgcm: 'AES', secretbox: 'Secretbox' };

function transformerOf(rule: EncryptionRule): Transformer {
  const providers = rule.providers.flatMap(providersOf);
  const [writer] = providers as [Provider];
  return {
    toStored: (value, key) => (writer.prefix.length === 0 ? value : Buffer.concat([writer.prefix, writer.seal(value, key)])),
    fromStored: (stored, key) => open(providers, Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength), key),
  };
}

/** Several keys may carry one name: whichever opens it. What was kept in plain text is read by `identity` alone. */
function open(providers: readonly Provider[], stored: Buffer, key: string): { value: Uint8Array; stale: boolean } {
  let failure: unknown;
  for (const [i, { prefix, open: unseal }] of providers.entries()) {
    if (stored.length < prefix.length || stored.compare(prefix, 0, prefix.length, 0, prefix.length) !== 0) continue;
    try {
      return { value: unseal(stored.subarray(prefix.length), key), stale: i > 0 };
    } catch (error) {
      if (prefix.length > 0) failure = error;
    }
  }
  throw failure ?? unknownForm(providers, stored);
}

function unknownForm(providers: readonly Provider[], stored: Buffer): Error {
  const kind = /^k8s:enc:([a-z]+):v1:/.exec(stored.subarray(0, 32).toString('latin1'))?.[1] ?? '';
  const isConfigured = providers.some(({ prefix }) => prefix.toString().startsWith(`k8s:enc:${kind}:`));
  return new Error(
    isConfigured && KINDS[kind] ? `no matching key was found for the provided ${KINDS[kind]} transformer` : 'no matching prefix found',
  );
}
