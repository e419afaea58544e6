import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { canonicalSan, certificateFacts, type KeyPair } from './certificate.ts';
import { type CertificateWish, judgeCertificate } from './certificate-plan.ts';
import { readIfThere, writeSecretFile } from './secret-file.ts';

/** Something that the server proves with a certificate: its own address, or who it is to others. Replaced while running. */
export interface Identity {
  current(): KeyPair;
  /** Called after each replacement, with the new pair: for `setSecureContext` and for rewriting a kubeconfig. */
  onRenew(listener: (pair: KeyPair) => void): Disposable;
}

export interface IdentityWish extends CertificateWish {
  /** Base name of `<file>.crt` and `<file>.key`. */
  readonly file: string;
  readonly purpose: 'server' | 'client';
}

export interface IdentityOptions {
  readonly dir: string;
  readonly authority: KeyPair;
  readonly clock: Clock;
  readonly log: Logger;
}

/** One identity: what is on disk when that is still good, else a new key and certificate. */
export class StoredIdentity implements Identity {
  readonly #options: IdentityOptions;
  readonly #wish: IdentityWish;
  readonly #listeners = new Set<(pair: KeyPair) => void>();
  #pair: KeyPair | undefined;

  constructor(wish: IdentityWish, options: IdentityOptions) {
    this.#wish = { ...wish, sans: wish.sans.map(canonicalSan) };
    this.#options = options;
  }

  current(): KeyPair {
    if (!this.#pair) throw new Error(`the identity ${this.#wish.file} was not loaded`);
    return this.#pair;
  }

  onRenew(listener: (pair: KeyPair) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  async load(): Promise<void> {
    const { certPath, keyPath } = this.#paths();
    const [certPem, keyPem] = await Promise.all([readIfThere(certPath), readIfThere(keyPath)]);
    this.#pair = certPem !== undefined && keyPem !== undefined ? { certPem, keyPem } : undefined;
    await this.renewIfNeeded();
  }

  async renewIfNeeded(): Promise<void> {
    const { authority, clock, log } = this.#options;
    const before = this.#pair;
    const facts = before && certificateFacts(before, authority.certPem);
    const verdict = judgeCertificate(facts, this.#wish, clock.now());
    if (verdict === 'keep') return;
    const { issueIdentity } = await import('./issue.ts');
    const pair = await issueIdentity(authority, this.#wish, clock.now());
    const { certPath, keyPath } = this.#paths();
    // A crash between the two leaves a pair that does not match; the next start sees that and issues again.
    await Promise.all([writeSecretFile(keyPath, pair.keyPem), writeSecretFile(certPath, pair.certPem)]);
    this.#pair = pair;
    log.info({ certificate: this.#wish.file, because: verdict }, 'certificate issued');
    if (before) for (const listener of this.#listeners) listener(pair);
  }

  #paths() {
    const path = (end: string) => join(this.#options.dir, `${this.#wish.file}.${end}`);
    return { certPath: path('crt'), keyPath: path('key') };
  }
}
