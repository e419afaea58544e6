import { unreachable } from '../../base/unreachable.ts';
import { equalJson } from '../meta/equal-json.ts';
import { ApiError } from '../meta/status.ts';
import { cloneJson, hasKey, isJsonObject, type JsonObject, malformedPatch, rejectedPatch, setKey } from './json-value.ts';

/** Upstream's bounds: operations of one patch, and bytes that its copies may add to the object. */
const MAX_OPERATIONS = 10_000;
const MAX_COPIED_BYTES = 3 * 1024 * 1024;

type Operation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly path: string; readonly from: string };

/**
 * RFC 6902. The document is not changed. Throws ApiError: BadRequest for what is not a patch, RequestEntityTooLarge beyond 10,000 operations,
 * Invalid (422) when an operation does not apply or a test fails.
 */
export function jsonPatch<T extends object>(document: T, patch: unknown): T {
  if (!Array.isArray(patch))
    throw malformedPatch('error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp');
  if (patch.length > MAX_OPERATIONS) {
    throw new ApiError('RequestEntityTooLarge', `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`);
  }
  const holder: JsonObject = { root: cloneJson(document) };
  const budget = { copiedBytes: 0 };
  for (const operation of patch) apply(holder, readOperation(operation), budget);
  if (!isJsonObject(holder.root)) throw rejectedPatch('the patched document is not an object');
  return holder.root as T;
}

function readOperation(operation: unknown): Operation {
  if (!isJsonObject(operation)) throw malformedPatch('an operation of a JSON patch must be an object');
  const { op, path, from, value } = operation;
  if (typeof path !== 'string') throw rejectedPatch(`${String(op)} operation does not apply: missing path`);
  switch (op) {
    case 'add':
    case 'replace':
    case 'test':
      return { op, path, value: value === undefined ? null : cloneJson(value) };
    case 'remove':
      return { op, path };
    case 'move':
    case 'copy':
      if (typeof from !== 'string') throw rejectedPatch(`${op} operation does not apply: missing from`);
      return { op, path, from };
    default:
      throw rejectedPatch(`Unexpected kind: ${String(op)}`);
  }
}

function apply(holder: JsonObject, operation: Operation, budget: { copiedBytes: number }): void {
  const place = locate(holder, operation.path, operation.op);
  switch (operation.op) {
    case 'add':
      insert(place, operation.value);
      break;
    case 'replace':
      take(place);
      insert(place, operation.value);
      break;
    case 'remove':
      take(place);
      break;
    case 'test':
      if (!equalJson(read(place) ?? null, operation.value)) throw rejectedPatch(`testing value ${operation.path} failed: test failed`);
      break;
    case 'move': {
      if (operation.path.startsWith(`${operation.from}/`)) throw doesNotApply(place, 'a value cannot move into itself');
      const value = take(locate(holder, operation.from, 'move'));
      insert(locate(holder, operation.path, 'move'), value);
      break;
    }
    case 'copy':
      insert(place, copied(existing(locate(holder, operation.from, 'copy')), budget));
      break;
    default:
      unreachable(operation);
  }
}

function copied(value: unknown, budget: { copiedBytes: number }): unknown {
  budget.copiedBytes += JSON.stringify(value).length;
  if (budget.copiedBytes > MAX_COPIED_BYTES) {
    throw rejectedPatch(
      `Unable to complete the copy, the accumulated size increase of copy is ${budget.copiedBytes}, exceeding the limit ${MAX_COPIED_BYTES}`,
    );
  }
  return cloneJson(value);
}

/** Where a pointer points: a key or an index of a container that exists. */
interface Place {
  readonly op: string;
  readonly path: string;
  readonly container: JsonObject | unknown[];
  readonly key: string;
}

const doesNotApply = ({ op, path }: { op: string; path: string }, why: string) =>
  rejectedPatch(`${op} operation does not apply: doc is missing path: "${path}": ${why}`);

function locate(holder: JsonObject, path: string, op: string): Place {
  if (path === '') return { op, path, container: holder, key: 'root' };
  if (!path.startsWith('/')) throw doesNotApply({ op, path }, 'missing value');
  const keys = path.slice(1).split('/').map(unescapePointer);
  const key = keys.pop() ?? '';
  let container = holder.root;
  for (const step of keys) {
    const place = asPlace(container, step, op, path);
    container = read(place);
  }
  return asPlace(container, key, op, path);
}

function asPlace(container: unknown, key: string, op: string, path: string): Place {
  if (!Array.isArray(container) && !isJsonObject(container)) throw doesNotApply({ op, path }, 'missing value');
  return { op, path, container, key };
}

const unescapePointer = (token: string) => token.replaceAll('~1', '/').replaceAll('~0', '~');

/** undefined when there is nothing. */
function read({ container, key }: Place): unknown {
  if (!Array.isArray(container)) return hasKey(container, key) ? container[key] : undefined;
  return /^(0|[1-9][0-9]*)$/.test(key) ? container[Number(key)] : undefined;
}

function existing(place: Place): unknown {
  const value = read(place);
  if (value === undefined) throw doesNotApply(place, 'missing value');
  return value;
}

/** Removes and gives what is there. */
function take(place: Place): unknown {
  const value = existing(place);
  if (Array.isArray(place.container)) place.container.splice(Number(place.key), 1);
  else delete place.container[place.key];
  return value;
}

function insert(place: Place, value: unknown): void {
  const { container, key } = place;
  if (!Array.isArray(container)) {
    setKey(container, key, value);
    return;
  }
  const index = key === '-' ? container.length : /^(0|[1-9][0-9]*)$/.test(key) ? Number(key) : Number.NaN;
  if (!(index <= container.length)) throw doesNotApply(place, `invalid index referenced: ${key}`);
  container.splice(index, 0, value);
}
