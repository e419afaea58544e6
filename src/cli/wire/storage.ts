import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import { type EncryptionPlan, planEncryption } from '../../server/encryption/configuration-plan.ts';
import { encryptedStore } from '../../server/encryption/encrypted-store.ts';
import { type FollowedEncryption, followedEncryption } from '../../server/encryption/followed-encryption.ts';
import { openKms } from '../../server/encryption/kms/kms-plugins.ts';
import type { HealthCheck } from '../../server/http/health.ts';
import type { Resources } from '../../server/registry/resources.ts';
import { openApi } from '../../server/server.ts';
import { openStore } from '../../store/open.ts';
import { type Store, StoreError } from '../../store/store.ts';
import type { WatchCache } from '../../store/watch-cache/collection.ts';
import { createWatchCache } from '../../store/watch-cache/watch-cache.ts';
import { assetPath, isPackaged, readAsset } from '../assets.ts';
import { UsageError } from '../exit.ts';
import { servedKinds } from '../runtime-config.ts';
import { type ConfigReload, NotYet } from './config-reload.ts';
import { pathsOf } from './paths.ts';
import { parsePolicy, readPolicyFile } from './policy-file.ts';
import type { ServerSettings } from './settings.ts';

interface Ambient {
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Storage {
  readonly store: Store;
  readonly cache: WatchCache;
  readonly resources: Resources;
  /** Of encryption at rest by a KMS, or by a file that is followed. */
  readonly encryption?: { readonly component: Component; readonly check: HealthCheck };
  readonly followedEncryption?: FollowedEncryptionFile;
}

/** The file of --encryption-provider-config; `take` puts what it says anew into force. */
export interface FollowedEncryptionFile extends Pick<ConfigReload, 'path' | 'text' | 'take'> {}

/** Opens the store, encrypted as the settings say, and loads what it holds. Throws UsageError. */
export async function openStorage(settings: ServerSettings, ambient: Ambient): Promise<Storage> {
  const paths = pathsOf(settings.dataDir);
  const { clock, log } = ambient;
  const url = settings.datastoreEndpoint ?? `sqlite://${defaultStorePath(settings)}`;
  const encrypted = await encryptionFile(settings);
  const plan = encrypted?.plan;
  try {
    const below = await openStore({ url, clock, log, sqliteWorker: sqliteWorker(paths.nativeDir), eraseDeleted: plan !== undefined });
    if (!plan) return { store: below, ...(await loaded(below, settings, ambient)) };
    const kmsOptions = { clock, log, newUid: () => crypto.randomUUID() };
    const kms = await openKms(plan, kmsOptions);
    const store = encryptedStore(below, plan, kms?.providers);
    const all = { store, ...(await loaded(store, settings, ambient)) };
    if (settings.encryptionProviderConfigAutomaticReload) {
      const encryption = followedEncryption(store, kms, kmsOptions);
      const take = (text: string) => takeEncryption(encryption, text);
      return { ...all, encryption, followedEncryption: { path: encrypted.path, text: encrypted.text, take } };
    }
    return kms ? { ...all, encryption: { component: kms.component(store), check: kms.check } } : all;
  } catch (error) {
    if (error instanceof StoreError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

interface EncryptionFile {
  readonly path: string;
  readonly text: string;
  readonly plan: EncryptionPlan;
}

async function encryptionFile(settings: ServerSettings): Promise<EncryptionFile | undefined> {
  const { encryptionProviderConfig: path, encryptionProviderConfigAutomaticReload: follows } = settings;
  if (follows && path === undefined)
    throw new UsageError('--encryption-provider-config-automatic-reload must be set with --encryption-provider-config');
  if (path === undefined) return undefined;
  return readPolicyFile('--encryption-provider-config', path, (document, text) => ({ path, text, plan: planEncryption(document) }));
}

/** A plugin that is not well yet may be so later. */
async function takeEncryption(encryption: FollowedEncryption, text: string): Promise<void> {
  const plan = planEncryption(parsePolicy(text));
  await encryption.take(plan).catch((error: Error) => {
    throw new NotYet(`health check for new transformers failed: ${error.message}`, { cause: error });
  });
}

async function loaded(store: Store, settings: ServerSettings, { clock, log }: Ambient): Promise<Pick<Storage, 'cache' | 'resources'>> {
  const cache = createWatchCache(store, { clock, log });
  return { cache, resources: await openApi(servedKinds(settings), cache) };
}

/** What the state takes on disk, with what is written but not yet moved into the file; undefined where there is no file. */
export async function storageSize(settings: ServerSettings): Promise<number | undefined> {
  const path = storePath(settings);
  if (path === undefined) return undefined;
  const sizes = await Promise.all(
    [path, `${path}-wal`].map((file) =>
      stat(file).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The packaged executable carries the worker's script and SQLite's native code; node on the sources finds both by itself. */
const sqliteWorker = (nativeDir: string) =>
  isPackaged
    ? { source: readAsset('sqlite-worker.js').toString('utf8'), nativeBinding: assetPath('better_sqlite3.node', nativeDir) }
    : undefined;

const defaultStorePath = ({ dataDir }: ServerSettings): string => join(pathsOf(dataDir).serverDir, 'state.db');

/** The file that the state lies in; undefined where there is none. */
function storePath({ datastoreEndpoint, ...settings }: ServerSettings): string | undefined {
  if (datastoreEndpoint === undefined) return defaultStorePath(settings);
  return datastoreEndpoint.startsWith('sqlite://') ? datastoreEndpoint.slice('sqlite://'.length) : undefined;
}
