import { isAbort } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import { openAuthority } from './authority.ts';
import { certificateHash, type KeyPair } from './certificate.ts';
import { type CsrSigner, openCsrSigner } from './csr.ts';
import { type Identity, type IdentityWish, StoredIdentity } from './identity.ts';
import { makePrivateDirectory } from './secret-file.ts';
import { openServiceAccountKeys, type ServiceAccountKeys } from './service-account-keys.ts';

/** Who a client certificate is for. RBAC sees `commonName` as the user and `organizations` as the groups. */
export interface ClientWish {
  /** Base name of its files in the directory. */
  readonly file: string;
  readonly commonName: string;
  readonly organizations: readonly string[];
}

/** Identities that kubeadm gives out under the same names. `kubelet` may do what system:kubelet-api-admin says, no more. */
export const CLIENTS = {
  admin: { file: 'client-admin', commonName: 'system:admin', organizations: ['system:masters'] },
  kubelet: { file: 'client-kubelet', commonName: 'kube-apiserver-kubelet-client', organizations: [] },
  controllerManager: { file: 'client-controller', commonName: 'system:kube-controller-manager', organizations: [] },
} as const satisfies Record<string, ClientWish>;

/** Everything that the cluster trusts or signs with. */
export interface Pki extends CsrSigner {
  /** PEM of the one CA that signs serving and client certificates. */
  readonly caPem: string;
  /** SHA-256 of the CA certificate's DER, hex: what join tokens carry. */
  readonly caHash: string;
  /** PEM of the CA of the aggregation layer; the server's client certificate for it is `frontProxyClient`. */
  readonly frontProxyCaPem: string;
  frontProxyClient(): Promise<Identity>;
  readonly serviceAccountKeys: ServiceAccountKeys;
  /** The serving certificate for these names and addresses (`servingNames`). Issued anew when they change. */
  serving(sans: readonly string[]): Promise<Identity>;
  client(wish: ClientWish): Promise<Identity>;
  /** Looks at every identity that was handed out, twice a day, and renews what runs out. */
  readonly renewal: Component;
}

export interface OpenPkiOptions {
  /** `<data-dir>/server/tls`; made 0700 when absent. */
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Logger;
}

const CHECK_EVERY_MS = 12 * 3_600_000;

/**
 * Loads the cluster's keys or makes them. Rejects with AuthorityError when the stored CA cannot be used; a set that a crash left
 * half-written is completed.
 */
export async function openPki({ dir, clock, log }: OpenPkiOptions): Promise<Pki> {
  await makePrivateDirectory(dir);
  const nowMs = clock.now();
  const created = Math.floor(nowMs / 1000);
  const [ca, frontProxyCa, accountKeys] = await Promise.all([
    openAuthority({ dir, name: 'ca', commonName: `minik-ca@${created}`, nowMs }),
    openAuthority({ dir, name: 'front-proxy-ca', commonName: `minik-front-proxy-ca@${created}`, nowMs }),
    openServiceAccountKeys(dir),
  ]);
  const identities = new Map<string, Promise<StoredIdentity>>();
  const identity = (wish: IdentityWish, authority: KeyPair): Promise<Identity> => {
    const key = JSON.stringify(wish);
    const known = identities.get(key);
    if (known) return known;
    const stored = new StoredIdentity(wish, { dir, authority, clock, log });
    const loading = stored.load().then(() => stored);
    identities.set(key, loading);
    return loading;
  };
  const client = (wish: ClientWish, authority: KeyPair) => identity({ ...wish, sans: [], purpose: 'client' }, authority);
  return {
    ...openCsrSigner({ authority: ca, now: () => clock.now() }),
    caPem: ca.certPem,
    caHash: certificateHash(ca.certPem),
    frontProxyCaPem: frontProxyCa.certPem,
    frontProxyClient: () => client({ file: 'client-front-proxy', commonName: 'front-proxy-client', organizations: [] }, frontProxyCa),
    serviceAccountKeys: accountKeys,
    serving: (sans) => identity({ file: 'serving', commonName: 'minik', organizations: ['minik'], sans, purpose: 'server' }, ca),
    client: (wish) => client(wish, ca),
    renewal: renewal({ identities, clock, log }),
  };
}

function renewal(options: { identities: ReadonlyMap<string, Promise<StoredIdentity>>; clock: Clock; log: Logger }): Component {
  const { identities, clock, log } = options;
  return {
    name: 'certificate renewal',
    async run({ signal, ready }) {
      ready();
      while (!signal.aborted) {
        try {
          await clock.sleep(CHECK_EVERY_MS, { signal });
        } catch (error) {
          if (isAbort(error, signal)) return;
          throw error;
        }
        for (const each of identities.values()) {
          // A full disk today must not stop tomorrow's try: 90 days are left.
          await each.then((it) => it.renewIfNeeded()).catch((error) => log.error({ error }, 'certificate renewal failed'));
        }
      }
    },
  };
}
