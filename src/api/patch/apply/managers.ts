import { type FieldError, invalid, tooLong } from '../../meta/field-error.ts';
import type { ManagedFieldsEntry } from '../../schema/generated/types.ts';
import { type FieldSet, isEmptySet, union } from './field-set.ts';
import { readFieldSet, sortSet } from './path-element.ts';
import { shareSet } from './shared-sets.ts';

/** One entry of metadata.managedFields: who owns which fields, and since when. */
export interface Manager {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  /** The version in which the fields are named. */
  readonly apiVersion: string;
  /** '' for the object itself. */
  readonly subresource: string;
  /** RFC 3339; upstream has entries without one. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
  /** The entry that this was read from: written again as it is when nothing has changed. */
  readonly entry?: ManagedFieldsEntry;
}

/** The most entries of operation Update; more are merged into one of this manager. */
const MAX_UPDATERS = 10;
const OLD_UPDATERS = 'ancient-changes';
const MANAGER_LIMIT = 128;
const SUBRESOURCE_LIMIT = 256;
/** What Go calls printable: no controls, no separators but the plain space. */
const UNPRINTABLE = /(?! )[\p{C}\p{Z}]/u;

/** Nothing is wrong with these, and they are what all clients send. */
const PLAIN_NAME = /^[\x20-\x7e]{0,128}$/;

/** The same writer: an applier in whatever version, an updater in one. */
export const sameManager = (a: Manager, b: Pick<Manager, 'manager' | 'operation' | 'apiVersion' | 'subresource'>): boolean =>
  a.manager === b.manager &&
  a.operation === b.operation &&
  a.subresource === b.subresource &&
  (a.operation === 'Apply' || a.apiVersion === b.apiVersion);

/** Entries as this server stored them; they are not checked again. */
export const storedManagers = (entries: readonly ManagedFieldsEntry[] | undefined): Manager[] =>
  (entries ?? []).map((entry) => ({ ...managerOf(entry, (entry.fieldsV1 ?? {}) as FieldSet), entry }));

/** Entries as a client sent them. Throws SyntaxError when one of them cannot be read. */
export function sentManagers(entries: readonly ManagedFieldsEntry[]): Manager[] {
  const managers: Manager[] = [];
  entries.forEach((entry, i) => {
    if (entry.operation !== 'Apply' && entry.operation !== 'Update') throw new SyntaxError('operation must be `Apply` or `Update`');
    if (!entry.apiVersion) throw new SyntaxError('apiVersion must not be empty');
    if (!entry.fieldsType) throw new SyntaxError(`missing fieldsType in managed fields entry ${i}`);
    if (entry.fieldsType !== 'FieldsV1') {
      throw new SyntaxError(`invalid fieldsType ${JSON.stringify(entry.fieldsType)} in managed fields entry ${i}`);
    }
    const manager = managerOf(entry, readFieldSet(entry.fieldsV1 ?? {}));
    const known = managers.findIndex((other) => sameManager(other, manager));
    if (known < 0) managers.push(manager);
    else managers[known] = manager;
  });
  return managers;
}

const managerOf = (entry: ManagedFieldsEntry, fields: FieldSet): Manager => ({
  manager: entry.manager ?? '',
  operation: entry.operation as Manager['operation'],
  apiVersion: entry.apiVersion ?? '',
  subresource: entry.subresource ?? '',
  time: entry.time,
  fields,
});

/** In the order and form in which they are stored. undefined: nobody owns anything. */
export function entriesOf(managers: readonly Manager[]): ManagedFieldsEntry[] | undefined {
  if (managers.length === 0) return undefined;
  return (managers.length === 1 ? managers : [...managers].sort(compareManagers)).map(entryOf);
}

function entryOf({ manager, operation, apiVersion, subresource, time, fields, entry }: Manager): ManagedFieldsEntry {
  const isKnown = entry?.fieldsV1 === fields;
  if (isKnown && entry.time === time && entry.apiVersion === apiVersion) return entry;
  return {
    manager,
    operation,
    apiVersion,
    ...(time !== undefined && { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: isKnown ? fields : shareSet(sortSet(fields)),
    ...(subresource && { subresource }),
  };
}

/** Appliers first, then by time, and by name where that is the same. */
function compareManagers(a: Manager, b: Manager): number {
  if (a.operation !== b.operation) return order(a.operation, b.operation);
  const [since, until] = [seconds(a), seconds(b)];
  if (since !== until) return since - until;
  return order(a.manager, b.manager) || order(a.apiVersion, b.apiVersion) || order(a.subresource, b.subresource);
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const seconds = ({ time }: Manager): number => (time === undefined ? 0 : Math.floor(Date.parse(time) / 1000));

/** Merges the oldest entries of operation Update, by version, until no more are left than may be. */
export function capUpdaters(managers: readonly Manager[]): readonly Manager[] {
  const updaters = managers.filter(({ operation }) => operation === 'Update');
  if (updaters.length <= MAX_UPDATERS) return managers;
  updaters.sort((a, b) => seconds(a) - seconds(b) || order(a.manager, b.manager) || order(a.apiVersion, b.apiVersion));
  const oldest = new Map<string, Manager>();
  const gone = new Set<Manager>();
  const buckets = new Map<string, Manager>();
  for (const updater of updaters) {
    if (updaters.length - gone.size + buckets.size <= MAX_UPDATERS) break;
    const { apiVersion, time } = updater;
    const first = buckets.get(apiVersion) ?? oldest.get(apiVersion);
    if (first) {
      gone.add(first).add(updater);
      const fields = union(updater.fields, first.fields);
      buckets.set(apiVersion, { manager: OLD_UPDATERS, operation: 'Update', apiVersion, subresource: '', time, fields });
    } else oldest.set(apiVersion, updater);
  }
  return [...managers.filter((manager) => !gone.has(manager)), ...buckets.values()];
}

export const withoutEmpty = (managers: readonly Manager[]): Manager[] => managers.filter(({ fields }) => !isEmptySet(fields));

/** Do the entries say the same, whenever it was written? */
export function equalButForTimes(
  a: readonly ManagedFieldsEntry[],
  b: readonly ManagedFieldsEntry[],
  equal: (a: unknown, b: unknown) => boolean,
): boolean {
  return a.length === b.length && a.every((entry, i) => equal({ ...entry, time: undefined }, { ...b[i], time: undefined }));
}

/** An empty list, or one empty entry: the client wants to begin anew. */
export const isReset = (entries: readonly ManagedFieldsEntry[] | undefined): boolean =>
  entries !== undefined &&
  (entries.length === 0 || (entries.length === 1 && Object.values(entries[0] ?? {}).every((v) => v === undefined)));

/** What is wrong with a name of a manager. */
export function managerFindings(name: string, path: string): FieldError[] {
  if (PLAIN_NAME.test(name)) return [];
  const errors: FieldError[] = [];
  if (new TextEncoder().encode(name).length > MANAGER_LIMIT) errors.push(tooLong(path, MANAGER_LIMIT));
  let position = 0;
  for (const char of name) {
    if (UNPRINTABLE.test(char)) {
      const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      errors.push(invalid(path, name, `invalid character U+${code} (at position ${position})`));
    }
    position += new TextEncoder().encode(char).length;
  }
  return errors;
}

export function entryFindings(entries: readonly ManagedFieldsEntry[] = []): FieldError[] {
  if (entries.every(({ manager = '', subresource = '' }) => PLAIN_NAME.test(manager) && subresource.length <= SUBRESOURCE_LIMIT)) return [];
  return entries.flatMap(({ manager = '', subresource = '' }, i) => [
    ...managerFindings(manager, `metadata.managedFields[${i}].manager`),
    ...(subresource.length > SUBRESOURCE_LIMIT ? [tooLong(`metadata.managedFields[${i}].subresource`, SUBRESOURCE_LIMIT)] : []),
  ]);
}

/** The name of a writer that does not give one: what precedes the first slash of its User-Agent. */
export function managerOfUserAgent(userAgent: string): string {
  const slash = userAgent.indexOf('/');
  const prefix = slash < 0 ? userAgent : userAgent.slice(0, slash);
  if (PLAIN_NAME.test(prefix)) return prefix;
  let name = '';
  let bytes = 0;
  for (const char of prefix) {
    if (UNPRINTABLE.test(char)) continue;
    bytes += new TextEncoder().encode(char).length;
    if (bytes > MANAGER_LIMIT) break;
    name += char;
  }
  return name;
}
