import { type Amounts, addAmounts } from '../../../api/core/pod-resources.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import { countedResources, evaluatorFor, hardNames, type QuotaEvaluator, usageOf } from '../../../api/quota/quota.ts';
import type { ResourceQuota } from '../../../api/schema/generated/types.ts';
import { subQuantities } from '../../../base/quantity.ts';
import type { ObjectReader } from '../../ports.ts';

/** What one object uses of the quota, and how new the state is that this was read from. */
interface Entry {
  readonly amounts: Amounts;
  /** Events up to this revision are old news. */
  readonly revision: number;
  /** Counted before it is stored: what is being written. */
  readonly reserved?: { readonly resource: string; readonly object: KubeObject };
  /** When the object begins to use less by itself, whether it does, and where to look it up when that turns: it turns back when the clock is set back. */
  readonly fades?: { readonly atMs: number; readonly hasFaded: boolean; readonly resource: string; readonly name: string };
}

export interface LedgerOptions {
  readonly quota: ResourceQuota;
  readonly objects: ObjectReader;
  readonly nowMs: number;
  /** Takes over what is reserved there. */
  readonly before?: QuotaLedger | undefined;
}

const revisionOf = ({ metadata }: KubeObject) => Number(metadata?.resourceVersion) || 0;
const uidOf = ({ metadata }: KubeObject) => metadata?.uid ?? '';

/**
 * How much of one quota is used, object by object, requests under way included. Everything in it is idempotent and ordered by revision: the same
 * object may be told of by a reservation, by an event and by a look at the cache, in any order.
 */
export class QuotaLedger {
  readonly quota: ResourceQuota;
  /** Of what the quota limits: `pods`, `deployments.apps`. */
  readonly resources: ReadonlySet<string>;
  /** Of what it limits too, but not served when the ledger was opened: custom kinds come and go. */
  readonly unserved: readonly string[];
  readonly #objects: ObjectReader;
  readonly #entries = new Map<string, Entry>();
  readonly #fading = new Set<string>();
  readonly #used: Amounts = {};

  constructor({ quota, objects, nowMs, before }: LedgerOptions) {
    this.quota = quota;
    this.#objects = objects;
    const counted = hardNames(quota).flatMap(countedResources);
    this.resources = new Set(counted.filter((resource) => objects.has(resource)));
    this.unserved = counted.filter((resource) => !this.resources.has(resource));
    for (const resource of this.resources) {
      for (const object of objects.list(resource, quota.metadata?.namespace)) this.saw(resource, object, nowMs);
    }
    for (const { resource, object } of before?.reserved() ?? []) {
      if (!this.#entries.has(uidOf(object))) this.reserve(resource, object, undefined, nowMs);
    }
  }

  /** What is being written. */
  reserved(): NonNullable<Entry['reserved']>[] {
    return [...this.#entries.values()].flatMap(({ reserved }) => reserved ?? []);
  }

  /** What is used and reserved now. Read-only. */
  used(nowMs: number): Amounts {
    for (const uid of [...this.#fading]) {
      const { fades } = this.#entries.get(uid) ?? {};
      if (fades && fades.atMs < nowMs !== fades.hasFaded) this.#lookUp(uid, fades.resource, fades.name, nowMs);
    }
    return this.#used;
  }

  /** The object is stored like this. */
  saw(resource: string, object: KubeObject, nowMs: number): void {
    const evaluator = this.resources.has(resource) ? evaluatorFor(resource) : undefined;
    const uid = uidOf(object);
    const revision = revisionOf(object);
    const known = this.#entries.get(uid);
    if (!evaluator || (known && (known.reserved ? revision < known.revision : revision <= known.revision))) return;
    const atMs = evaluator.fadesAt?.(object);
    const fades = atMs === undefined ? undefined : { atMs, hasFaded: atMs < nowMs, resource, name: object.metadata?.name ?? '' };
    this.#set(uid, { amounts: this.#usage(evaluator, object, nowMs), revision, ...(fades && { fades }) });
  }

  gone(object: KubeObject): void {
    this.#set(uidOf(object), undefined);
  }

  /** Counts what is being written, at its most: until it is stored both what was and what comes may be true. */
  reserve(resource: string, object: KubeObject, old: KubeObject | undefined, nowMs: number): void {
    const evaluator = this.resources.has(resource) ? evaluatorFor(resource) : undefined;
    if (!evaluator) return;
    const amounts = this.#usage(evaluator, object, nowMs);
    const before = old ? this.#usage(evaluator, old, nowMs) : {};
    for (const [name, amount] of Object.entries(before)) {
      if ((amounts[name]?.nanos ?? 0n) < amount.nanos) amounts[name] = amount;
    }
    this.#set(uidOf(object), { amounts, revision: old ? revisionOf(old) + 1 : 0, reserved: { resource, object } });
  }

  /** Something else changed that decides what the object uses. */
  reconsider(resource: string, name: string, nowMs: number): void {
    const stored = this.#objects.get(resource, this.quota.metadata?.namespace ?? '', name);
    const known = stored && this.#entries.get(uidOf(stored));
    if (known && !known.reserved) this.#lookUp(uidOf(stored), resource, name, nowMs);
  }

  /** The write is over: what is stored counts. */
  settle(resource: string, object: KubeObject, nowMs: number): void {
    if (this.#entries.get(uidOf(object))?.reserved) this.#lookUp(uidOf(object), resource, object.metadata?.name ?? '', nowMs);
  }

  #lookUp(uid: string, resource: string, name: string, nowMs: number): void {
    const stored = this.#objects.get(resource, this.quota.metadata?.namespace ?? '', name);
    this.#set(uid, undefined);
    if (stored?.metadata?.uid === uid) this.saw(resource, stored, nowMs);
  }

  #usage(evaluator: QuotaEvaluator, object: KubeObject, nowMs: number): Amounts {
    return usageOf(this.quota, evaluator, object, nowMs, this.#objects);
  }

  #set(uid: string, entry: Entry | undefined): void {
    const before = this.#entries.get(uid);
    for (const [name, amount] of Object.entries(before?.amounts ?? {})) {
      const rest = this.#used[name];
      if (rest) this.#used[name] = subQuantities(rest, amount);
    }
    if (entry) {
      addAmounts(this.#used, entry.amounts);
      this.#entries.set(uid, entry);
    } else {
      this.#entries.delete(uid);
    }
    if (entry?.fades) this.#fading.add(uid);
    else this.#fading.delete(uid);
  }
}
