import type { ApplyType } from './apply-type.ts';
import { applyAsClient } from './client-side-past.ts';
import { entriesOf, type Manager, storedManagers } from './managers.ts';
import { ownershipAfterUpdate } from './ownership.ts';
import type { Versions } from './versions.ts';

/** For tests: one object of one version, to which managers apply and update in turns. */
export class ManagedState {
  object: object;
  managers: readonly Manager[] = [];
  readonly #type: ApplyType;
  readonly #apiVersion: string;
  #seconds = 0;
  #exists = false;

  constructor(type: ApplyType, apiVersion = 'v1') {
    this.#type = type;
    this.#apiVersion = apiVersion;
    this.object = { metadata: {} };
  }

  apply(name: string, configuration: object, { force = false }: { force?: boolean } = {}): void {
    const live = this.#at(this.object);
    const { object, managers } = applyAsClient({
      live,
      configuration,
      managers: this.managers,
      applier: writer(name),
      versions,
      force,
      now: this.#now(),
    });
    this.#become(object, managers);
  }

  update(name: string, object: object): void {
    const before = this.#exists ? this.#at(this.object) : undefined;
    const write = { before, after: this.#at(object), managers: this.managers, writer: writer(name), versions, now: this.#now() };
    this.#become(object, ownershipAfterUpdate(write));
  }

  /** `manager operation` -> FieldsV1. */
  get fields(): Record<string, unknown> {
    return Object.fromEntries((entriesOf(this.managers) ?? []).map((e) => [`${e.manager} ${e.operation}`, e.fieldsV1]));
  }

  get times(): Record<string, string | undefined> {
    return Object.fromEntries(this.managers.map(({ manager, time }) => [manager, time]));
  }

  #become(object: object, managers: readonly Manager[]): void {
    const metadata = { uid: 'u', ...(object as { metadata?: object }).metadata };
    // As the registry does it: what is stored is JSON, and entries are read again from it.
    this.object = JSON.parse(JSON.stringify({ ...object, metadata })) as object;
    this.managers = storedManagers(JSON.parse(JSON.stringify(entriesOf(managers) ?? [])));
    this.#exists = true;
  }

  #at(object: object) {
    return { apiVersion: this.#apiVersion, object, type: this.#type };
  }

  #now(): string {
    this.#seconds += 1;
    return `2026-01-01T00:00:${String(this.#seconds % 60).padStart(2, '0')}Z`;
  }
}

const writer = (name: string) => ({ name, subresource: '' });
const versions: Versions = { convert: () => undefined, owned: (fields) => fields };
