import { equalJson } from '../../../api/meta/equal-json.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import type { Pod, ResourceQuota } from '../../../api/schema/generated/types.ts';
import type { Clock } from '../../../base/clock.ts';
import type { ObjectChange, ObjectReader } from '../../ports.ts';
import { QuotaLedger } from './ledger.ts';

const PODS = 'pods';
/** A claim for a pod's extended resources uses what the pod does not use itself. */
const CLAIMS = 'resourceclaims.resource.k8s.io';
const CLASSES = 'deviceclasses.resource.k8s.io';

/**
 * The ledgers of all namespaces that have quotas, opened when the first request needs them and kept true by the changes of what they count. A
 * namespace without quotas has none: it costs one look into the cache.
 */
export class QuotaLedgers implements Disposable {
  readonly #objects: ObjectReader;
  readonly #clock: Clock;
  /** Namespace -> uid of the quota -> ledger. */
  readonly #open = new Map<string, Map<string, QuotaLedger>>();
  readonly #watched = new Map<string, Disposable>();
  readonly #stale = new WeakSet<QuotaLedger>();

  constructor(objects: ObjectReader, clock: Clock) {
    this.#objects = objects;
    this.#clock = clock;
  }

  /** One for each quota of the namespace as it is now. */
  of(namespace: string): readonly QuotaLedger[] {
    const quotas = this.#objects.list<ResourceQuota>('resourcequotas', namespace);
    if (quotas.length === 0) {
      this.#open.delete(namespace);
      return [];
    }
    const before = this.#open.get(namespace);
    const ledgers = new Map(quotas.map((quota) => [quota.metadata?.uid ?? '', this.#current(quota, before)]));
    this.#open.set(namespace, ledgers);
    return [...ledgers.values()];
  }

  /** Those that are open already. */
  opened(namespace: string): Iterable<QuotaLedger> {
    return this.#open.get(namespace)?.values() ?? [];
  }

  [Symbol.dispose](): void {
    for (const watch of this.#watched.values()) watch[Symbol.dispose]();
    this.#watched.clear();
    this.#open.clear();
  }

  /** Status alone changes often, and changes nothing here. */
  #current(quota: ResourceQuota, open: ReadonlyMap<string, QuotaLedger> | undefined): QuotaLedger {
    const before = open?.get(quota.metadata?.uid ?? '');
    if (before && this.#isCurrent(before, quota)) return before;
    const ledger = new QuotaLedger({ quota, objects: this.#objects, nowMs: this.#clock.now(), before });
    for (const resource of ledger.resources) this.#watch(resource);
    if (ledger.resources.has(CLAIMS) && this.#objects.has(CLASSES)) this.#watch(CLASSES);
    return ledger;
  }

  #isCurrent(ledger: QuotaLedger, quota: ResourceQuota): boolean {
    if (this.#stale.has(ledger) || ledger.unserved.some((resource) => this.#objects.has(resource))) return false;
    return ledger.quota === quota || equalJson(ledger.quota.spec, quota.spec);
  }

  #watch(resource: string): void {
    if (this.#watched.has(resource)) return;
    this.#watched.set(
      resource,
      this.#objects.onChange(resource, (changes) => this.#changed(resource, changes)),
    );
  }

  #changed(resource: string, changes: readonly ObjectChange[] | undefined): void {
    for (const { type, object } of changes ?? []) this.#tell(resource, type, object);
    // What claims use is said by their classes.
    if (!changes || resource === CLASSES) this.#begin(resource);
  }

  /** Too much happened to be told, or the kind is not served as before: all is counted and followed anew when it is needed. */
  #begin(resource: string): void {
    this.#watched.get(resource)?.[Symbol.dispose]();
    this.#watched.delete(resource);
    for (const ledgers of this.#open.values()) for (const ledger of ledgers.values()) this.#stale.add(ledger);
  }

  #tell(resource: string, type: ObjectChange['type'], object: KubeObject): void {
    const ledgers = this.#open.get(object.metadata?.namespace ?? '');
    if (!ledgers) return;
    for (const ledger of ledgers.values()) {
      if (type === 'DELETED') ledger.gone(object);
      else ledger.saw(resource, object, this.#clock.now());
      const claim = resource === PODS ? (object as Pod).status?.extendedResourceClaimStatus?.resourceClaimName : undefined;
      if (claim && ledger.resources.has(CLAIMS)) ledger.reconsider(CLAIMS, claim, this.#clock.now());
    }
  }
}
