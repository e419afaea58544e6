import { type ResourceDefinition, resourceId } from '../api/define.ts';
import { type KubeList, type KubeObject, objectKey } from '../api/meta/object.ts';
import type { Clock } from '../base/clock.ts';
import type { Client, ResourceKind } from './client.ts';
import type { WriteObserver } from './guarded-client.ts';
import type { Informer } from './informer.ts';

/** A view that stays behind for this long is not waited for any more (upstream's expectations time out after 5 minutes as well). */
const LONGEST_WAIT_MS = 300_000;

interface Unseen {
  readonly sinceMs: number;
  /** resource id -> the newest revision that was written. */
  readonly versions: Map<string, number>;
  /** uid -> where the deleted object was. */
  readonly deletions: Map<string, { readonly resource: string; readonly key: string }>;
}

/** Where a write may have been carried out, or not. */
interface Doubt {
  readonly resource: ResourceKind;
  /** undefined: cluster-scoped. */
  readonly namespace: string | undefined;
}

/**
 * What each key's last run wrote and the informers do not show yet. A controller that reconciled on such a stale view would create
 * or delete twice; upstream counts expected events for that (ControllerExpectations), we compare revisions instead (KEP-5504, KEP-5647).
 * Of writes whose answer was lost the server is asked (ADR 0024).
 */
export class ReadYourWrites {
  readonly #informers: ReadonlyMap<string, Informer>;
  readonly #clock: Clock;
  readonly #unseen = new Map<string, Unseen>();
  readonly #doubts = new Map<string, Map<string, Doubt>>();

  constructor(informers: ReadonlyMap<string, Informer>, clock: Clock) {
    this.#informers = informers;
    this.#clock = clock;
  }

  /** Notes writes made while working on the key. Writes to resources that are not read do not matter. */
  observer(key: string): WriteObserver {
    return {
      wrote: (resource, object) => this.#wrote(key, resource, object),
      deleted: (resource, namespace, name) => this.#deleted(key, resource, namespace ? `${namespace}/${name}` : name),
      unsure: (resource, namespace) => this.#doubt(key, { resource, namespace }),
    };
  }

  /**
   * Asks the server what became of the key's writes whose answer was lost: what it has and the informers lack is waited for, as if the answer had come.
   * Rejects with ApiError; then it has to be asked again.
   */
  async settleDoubts(key: string, client: Pick<Client, 'list'>, { signal }: { signal: AbortSignal }): Promise<void> {
    const doubts = this.#doubts.get(key);
    for (const { resource, namespace } of doubts?.values() ?? []) {
      const list = await client.list(resource as ResourceDefinition, { ...(namespace && { namespace }), signal });
      this.#compare(key, { resource, namespace }, list);
    }
    this.#doubts.delete(key);
  }

  /** Would a run of this key now miss something that its earlier run wrote? */
  isStale(key: string): boolean {
    const unseen = this.#unseen.get(key);
    if (!unseen) return false;
    const isSeen = this.#seesVersions(unseen) && this.#seesDeletions(unseen);
    if (!isSeen && this.#clock.monotonic() - unseen.sinceMs < LONGEST_WAIT_MS) return true;
    this.#unseen.delete(key);
    return false;
  }

  #doubt(key: string, doubt: Doubt): void {
    const id = resourceId(doubt.resource);
    if (!this.#informers.has(id)) return;
    const doubts = this.#doubts.get(key) ?? new Map<string, Doubt>();
    this.#doubts.set(key, doubts.set(`${id} ${doubt.namespace ?? ''}`, doubt));
  }

  #compare(key: string, { resource, namespace }: Doubt, { items, metadata: list }: Pick<KubeList, 'items' | 'metadata'>): void {
    const id = resourceId(resource);
    const informer = this.#informers.get(id);
    if (!informer) return;
    const live = new Set(items.map(({ metadata }) => metadata?.uid));
    for (const object of items) {
      const shown = informer.get(objectKey(object))?.metadata;
      if (shown?.uid !== object.metadata?.uid || Number(shown?.resourceVersion) < Number(object.metadata?.resourceVersion)) {
        this.#wrote(key, resource, object);
      }
    }
    const listVersion = Number(list?.resourceVersion);
    for (const object of namespace ? informer.by('namespace', namespace) : informer.list()) {
      const { uid = '', resourceVersion } = object.metadata ?? {};
      // The answer may have been under way for longer than the event of what was made since: that is not gone.
      if (!live.has(uid) && Number(resourceVersion) <= listVersion)
        this.#of(key).deletions.set(uid, { resource: id, key: objectKey(object) });
    }
  }

  #of(key: string): Unseen {
    let unseen = this.#unseen.get(key);
    if (!unseen) {
      unseen = { sinceMs: this.#clock.monotonic(), versions: new Map(), deletions: new Map() };
      this.#unseen.set(key, unseen);
    }
    return unseen;
  }

  #wrote(key: string, resource: ResourceKind, object: KubeObject): void {
    const id = resourceId(resource);
    const version = Number(object.metadata?.resourceVersion);
    if (!this.#informers.has(id) || !Number.isFinite(version)) return;
    const { versions } = this.#of(key);
    versions.set(id, Math.max(version, versions.get(id) ?? 0));
  }

  #deleted(key: string, resource: ResourceKind, objectKey: string): void {
    const id = resourceId(resource);
    const uid = this.#informers.get(id)?.get(objectKey)?.metadata?.uid;
    if (uid) this.#of(key).deletions.set(uid, { resource: id, key: objectKey });
  }

  #seesVersions({ versions }: Unseen): boolean {
    for (const [id, version] of versions) {
      if (Number(this.#informers.get(id)?.resourceVersion) >= version) versions.delete(id);
    }
    return versions.size === 0;
  }

  #seesDeletions({ deletions }: Unseen): boolean {
    for (const [uid, { resource, key }] of deletions) {
      const metadata = this.#informers.get(resource)?.get(key)?.metadata;
      if (metadata?.uid !== uid || metadata.deletionTimestamp) deletions.delete(uid);
    }
    return deletions.size === 0;
  }
}
