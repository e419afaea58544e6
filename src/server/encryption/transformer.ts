import { type EncryptionPlan, type EncryptionRule, groupResource } from './configuration-plan.ts';
import { type KmsProviders, type Provider, providersOf } from './providers.ts';

/** Between the bytes that are served and the bytes that are stored, for one resource. */
export interface Transformer {
  /** What `toStored` writes now: a stored value of another form is out of date. */
  form(): string;
  /** Throws an Error in upstream's words when a KMS has to be had for it. */
  toStored(value: Uint8Array, key: string): Uint8Array;
  /** Throws an Error in upstream's words. */
  fromStored(stored: Uint8Array, key: string): { readonly value: Uint8Array; readonly form: string };
  /** Gets what `fromStored` will need, where that lies elsewhere. Does not reject. */
  prepare(stored: Uint8Array): Promise<void> | undefined;
}

/** Of resources that no rule names: what they were encrypted with is not there any more. */
export const PLAIN: Transformer = transformerOf(providersOf({ kind: 'identity' }));

/** Which transformer serves a resource: its own rules, else those of its group, else those of all. undefined: kept as it is. */
export function transformersOf(
  { rules }: EncryptionPlan,
  kms?: KmsProviders,
): (group: string, resource: string) => Transformer | undefined {
  const made = new Map<string, Transformer>();
  const named = (text: string) => {
    const known = made.get(text);
    if (known) return known;
    const providers = rules
      .filter(({ resources }) => resources.some((resource) => idOf(resource) === text))
      .flatMap((rule) => allOf(rule, kms));
    if (providers.length === 0) return undefined;
    const transformer = transformerOf(providers);
    made.set(text, transformer);
    return transformer;
  };
  return (group, resource) => named(`${resource}.${group}`) ?? named(`*.${group}`) ?? named('*.*');
}

/** `secrets` and `secrets.` are one. */
function idOf(text: string): string {
  const { resource, group } = groupResource(text);
  return `${resource}.${group}`;
}

const allOf = ({ providers }: EncryptionRule, kms: KmsProviders | undefined) => providers.flatMap((plan) => providersOf(plan, kms));

const KINDS: Readonly<Record<string, string>> = { aescbc: 'AES', aesgcm: 'AES', secretbox: 'Secretbox' };

function transformerOf(providers: readonly Provider[]): Transformer {
  const [writer] = providers as readonly [Provider];
  return {
    form: () => writer.form(),
    toStored: (value, key) => (writer.prefix.length === 0 ? value : Buffer.concat([writer.prefix, writer.seal(value, key)])),
    fromStored: (stored, key) => open(providers, bufferOf(stored), key),
    prepare(stored) {
      const bytes = bufferOf(stored);
      const provider = providers.find((each) => each.prepare && hasPrefix(bytes, each.prefix));
      return provider?.prepare?.(bytes.subarray(provider.prefix.length));
    },
  };
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const hasPrefix = (stored: Buffer, prefix: Buffer): boolean =>
  stored.length >= prefix.length && stored.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;

/** Several keys may carry one name: whichever opens it. What was kept in plain text is read by `identity` alone. */
function open(providers: readonly Provider[], stored: Buffer, key: string): { value: Uint8Array; form: string } {
  let failure: unknown;
  for (const provider of providers) {
    const { prefix } = provider;
    if (!hasPrefix(stored, prefix)) continue;
    try {
      return provider.open(stored.subarray(prefix.length), key);
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
