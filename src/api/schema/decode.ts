import { isRecord } from '../../base/is-record.ts';
import { invalid } from '../meta/field-error.ts';
import { ApiError } from '../meta/status.ts';
import { keepsZero } from './kept-zeros.ts';
import { goesWithOffFields, isOff } from './off-fields.ts';
import { cannotConvert, DecodeError, goValue, SCALAR_READERS, SCALAR_ZEROS, zeroLeftOut } from './scalars.ts';
import { type Field, type FieldType, findSchema, schemaOf } from './schema.ts';
import { isShownAsNull } from './zeros.ts';

/** Deeper objects are refused before they exhaust the stack (JSONSchemaProps may nest without end). */
const MAX_DEPTH = 1000;
/** A hostile body may hold a million unknown fields; nobody reads that many. */
const MAX_UNKNOWN = 100;

/**
 * Brings an object that came as JSON into the form that the API stores, in place, in one walk: fields that the schema lacks are removed, nulls, zeros
 * that say nothing and empty optional lists and maps dropped, quantities and times made canonical. Frozen parts that differ from that are replaced by
 * copies. Answers with what was unknown: `unknown field "spec.foo"`.
 * Throws ApiError BadRequest, in upstream's words, at the first value that does not fit its field. A kind without a schema stays as it is.
 */
export function prune(draft: object, schemaName: string): string[] {
  if (!findSchema(schemaName)) return [];
  const walk: Walk = { path: [], unknown: [] };
  try {
    structReader(schemaName)(draft, walk);
  } catch (e) {
    throw e instanceof DecodeError ? cannotBeHandled(draft, goName(schemaName), e) : e;
  }
  return walk.unknown;
}

type Named = { apiVersion?: string; kind?: string; metadata?: unknown };

/** As `prune`, for the metadata of an object whose schema is not one of ours. `path` is where `whole`, which may be around the object, has it. */
export function pruneMetadata(object: Named, path: string, whole: Named = object): string[] {
  if (object.metadata === undefined || object.metadata === null) {
    delete object.metadata;
    return [];
  }
  const walk: Walk = { path: [path], unknown: [], base: 1 };
  try {
    object.metadata = structReader('ObjectMeta')(asObject(object.metadata, walk, 'v1.ObjectMeta', 'ObjectMeta'), walk);
  } catch (e) {
    throw e instanceof DecodeError
      ? cannotBeHandled(whole, whole.kind ?? '', whole === object ? e : misplaced(path, object.metadata, e))
      : e;
  }
  return walk.unknown;
}

const misplaced = (path: string, value: unknown, { message }: Error): DecodeError =>
  new DecodeError(`${path}: ${invalid(path, value, message).message}`);

/** As `prune`, on a copy. */
export function pruneUnknown<T extends object>(object: T, schemaName: string): { object: T; unknown: string[] } {
  const copy = structuredClone(object);
  return { unknown: prune(copy, schemaName), object: copy };
}

/** What strict field validation complains about: `unknown field "spec.foo"`. The object stays as it is. */
export const findUnknown = (object: object, schemaName: string): string[] => pruneUnknown(object, schemaName).unknown;

/** Why the object cannot be decoded, or undefined when it can. */
export function decodeErrors(object: object, schemaName: string): string | undefined {
  try {
    pruneUnknown(object, schemaName);
    return undefined;
  } catch (e) {
    if (e instanceof ApiError) return e.message;
    throw e;
  }
}

/** 400 for a body that is not what the resource takes; `detail` is the decoder's finding, and the error's cause. */
export function cannotBeHandled(object: { apiVersion?: string; kind?: string }, kind: string, detail: DecodeError): ApiError {
  const { apiVersion, kind: sent } = object;
  const version = typeof apiVersion === 'string' ? apiVersion.slice(apiVersion.indexOf('/') + 1) : '';
  const called = typeof sent === 'string' && sent !== '' ? sent : kind;
  return new ApiError('BadRequest', `${called} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${detail.message}`, {
    cause: detail,
  });
}

interface Walk {
  /** Fields, keys of maps and list indexes from the root to where the walk is. */
  readonly path: (string | number | { readonly key: string })[];
  readonly unknown: string[];
  /** How many steps of the path lead to what is read on its own: messages name fields from there. */
  readonly base?: number;
}

/** Gives the value to store; undefined means that the field is left out. */
type Reader = (value: unknown, walk: Walk) => unknown;

const readers = new Map<string, Reader>();

function structReader(name: string): Reader {
  const known = readers.get(name);
  if (known) return known;
  const fields = new Map<string, Reader>();
  const goType = goTypeOf({ is: 'schema', name });
  const read: Reader = (value, walk) => readStruct(asObject(value, walk, goType, name), walk, fields);
  const reader: Reader = goesWithOffFields(name) ? unlessEmptied(read) : read;
  readers.set(name, reader);
  for (const field of schemaOf(name).fields.values()) {
    const ofField = typeReader(field.type, name, isKeptEmpty(name, field));
    fields.set(field.name, isOff(name, field.name) ? onlyRead(ofField) : ofField);
  }
  return reader;
}

const unlessEmptied =
  (read: Reader): Reader =>
  (value, walk) => {
    const wasEmpty = isEmpty(value);
    const after = read(value, walk);
    return !wasEmpty && isEmpty(after) ? undefined : after;
  };

const isEmpty = (value: unknown): boolean => isRecord(value) && Object.keys(value).length === 0;

/** What does not fit is found, and what fits is left out. */
const onlyRead =
  (read: Reader): Reader =>
  (value, walk) => {
    read(value, walk);
    return undefined;
  };

/** Optional lists that are given no default when they are there and empty. */
const KEPT_LISTS = new Set(['V2HPAScalingRules.policies']);

/** Upstream stores these as JSON, and all other kinds as protobuf, which tells an empty list from none as little as a map. */
const STORED_AS_JSON = /^CustomResourceDefinition/;

/** Does the field tell what is empty (a list, a map, a zero) from what is missing? */
function isKeptEmpty(schemaName: string, field: Field): boolean {
  if (field.type.is === 'scalar') return keepsZero(schemaName, field);
  if (isShownAsNull(schemaName, field.name)) return STORED_AS_JSON.test(schemaName);
  return field.required || KEPT_LISTS.has(`${schemaName}.${field.name}`);
}

function readStruct(value: object, walk: Walk, fields: ReadonlyMap<string, Reader>): unknown {
  let object = value as Record<string, unknown>;
  const { path } = walk;
  if (path.length > MAX_DEPTH) throw new DecodeError('exceeded max depth');
  for (const key of Object.keys(object)) {
    const read = fields.get(key);
    const before = object[key];
    path.push(key);
    if (!read) reportUnknown(walk);
    const after = read && before !== null && before !== undefined ? read(before, walk) : undefined;
    path.pop();
    if (after === before && after !== undefined) continue;
    object = changeable(object);
    if (after === undefined) delete object[key];
    else object[key] = after;
  }
  return object;
}

/** Parts that came from the cache are frozen, and in their stored form unless an earlier version of the server stored them. */
const changeable = <T extends object>(part: T): T => {
  if (Object.isExtensible(part)) return part;
  return (Array.isArray(part) ? [...(part as unknown[])] : { ...part }) as T;
};

function typeReader(type: FieldType, owner: string, keptEmpty: boolean): Reader {
  switch (type.is) {
    case 'scalar': {
      const read = SCALAR_READERS[type.scalar];
      const leftOut = keptEmpty ? undefined : zeroLeftOut(type.scalar);
      // One for all values: a function for each would be most of the garbage of reading.
      let at: Walk;
      const readsItself = /time$/i.test(type.scalar);
      const isNot = (met: unknown, wanted: string) => mismatch(met, at, wanted, owner, readsItself);
      return (value, walk) => {
        at = walk;
        const after = read(value, isNot);
        return after === leftOut ? undefined : after;
      };
    }
    case 'schema': {
      // Looked up on first use: schemas refer to each other and to themselves.
      let struct: Reader | undefined;
      const goType = goTypeOf(type);
      return (value, walk) => {
        struct ??= structReader(type.name);
        return struct(asObject(value, walk, goType, owner), walk);
      };
    }
    case 'list':
      return listReader(type.items, owner, keptEmpty);
    case 'map':
      return mapReader(type.values, owner, keptEmpty);
  }
}

function listReader(items: FieldType, owner: string, keptEmpty: boolean): Reader {
  const readItem = typeReader(items, owner, true);
  const goType = `[]${goTypeOf(items)}`;
  return (value, walk) => {
    if (!Array.isArray(value)) throw mismatch(value, walk, goType, owner);
    if (value.length === 0) return keptEmpty ? value : undefined;
    let list: unknown[] = value;
    for (let i = 0; i < list.length; i++) {
      walk.path.push(i);
      const after = list[i] === null ? zeroOf(items) : readItem(list[i], walk);
      walk.path.pop();
      if (after === list[i]) continue;
      list = changeable(list);
      list[i] = after;
    }
    return list;
  };
}

function mapReader(values: FieldType, owner: string, keptEmpty: boolean): Reader {
  const readValue = typeReader(values, owner, true);
  const goType = `map[string]${goTypeOf(values)}`;
  return (value, walk) => {
    let object = asObject(value, walk, goType, owner);
    const keys = Object.keys(object);
    for (const key of keys) {
      const before = object[key];
      walk.path.push({ key });
      const after = before === null ? zeroOf(values) : readValue(before, walk);
      walk.path.pop();
      if (after === before) continue;
      object = changeable(object);
      object[key] = after;
    }
    return keys.length === 0 && !keptEmpty ? undefined : object;
  };
}

function asObject(value: unknown, walk: Walk, goType: string, owner: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw mismatch(value, walk, goType, owner);
  return value as Record<string, unknown>;
}

function zeroOf(type: FieldType): unknown {
  if (type.is === 'scalar') return SCALAR_ZEROS[type.scalar];
  return type.is === 'list' ? [] : {};
}

function goTypeOf(type: FieldType): string {
  switch (type.is) {
    case 'list':
      return `[]${goTypeOf(type.items)}`;
    case 'map':
      return `map[string]${goTypeOf(type.values)}`;
    case 'schema':
      return /^V\d+[A-Z]/.test(type.name) ? type.name.replace(/^V(\d+)/, 'v$1.') : `v1.${type.name}`;
    case 'scalar':
      return { quantity: 'resource.Quantity', double: 'float64', byte: '[]uint8' }[type.scalar as string] ?? type.scalar;
  }
}

/** Schemas whose names several groups or versions have say which they are of; Go's structs do not. */
const goName = (schemaName: string): string => schemaName.replace(/^(?:[A-Z][a-z]+)?V\d+(?=[A-Z])/, '');

/** Go names the struct and the path of fields, without list indexes and keys of maps. Types that read themselves do so for its converter, too. */
function mismatch(value: unknown, walk: Walk, wanted: string, owner: string, readsItself = false): DecodeError {
  const fields = walk.path
    .slice(walk.base)
    .filter((segment) => typeof segment === 'string')
    .join('.');
  const into = fields === '' ? 'value' : `struct field ${goName(owner)}.${fields}`;
  const what = `json: cannot unmarshal ${goValue(value, /^(int|float)/.test(wanted))} into Go`;
  const converting = readsItself ? `${what} value of type ${wanted}` : cannotConvert(value, wanted);
  return new DecodeError(`${what} ${into} of type ${wanted}`, converting);
}

function reportUnknown({ path, unknown }: Walk): void {
  if (unknown.length >= MAX_UNKNOWN) return;
  const text = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${typeof step === 'string' ? step : step.key}`)).join('');
  unknown.push(`unknown field ${JSON.stringify(text.slice(1))}`);
}
