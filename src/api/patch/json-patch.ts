import { unreachable } from '../../base/unreachable.ts';
import { equalJson } from '../meta/equal-json.ts';
import { ApiError } from '../meta/status.ts';
import { cloneJson, failedTest, hasKey, isJsonObject, type JsonObject, malformedPatch, rejectedPatch, setKey } from './json-value.ts';

/** Upstream's bounds: operations of one patch, and bytes that its copies may add to the object. */
const MAX_OPERATIONS = 10_000;
const MAX_COPIED_BYTES = 3 * 1024 * 1024;

interface Transfer {
  readonly path: string;
  readonly from: string;
}
type Operation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }
  | ({ readonly op: 'move' | 'copy' } & Transfer);

const MISSING = 'missing value';

/**
 * RFC 6902 as upstream applies it, that is by evanphx/json-patch 4: a key that is not there may be replaced and copied, indices may count from the
 * end (-1 is the last item), and of the whole document only `replace` and `test` may speak. The document is not changed. Throws ApiError: BadRequest
 * for what is not a patch, RequestEntityTooLarge beyond 10,000 operations, Invalid (422) when an operation does not apply or a test fails.
 */
export function jsonPatch<T extends object>(document: T, patch: unknown): T {
  if (!Array.isArray(patch))
    throw malformedPatch('error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp');
  if (patch.length > MAX_OPERATIONS) {
    throw new ApiError('RequestEntityTooLarge', `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`);
  }
  const budget = { copiedBytes: 0 };
  const patched = patch.reduce<unknown>((root, operation) => apply(root, readOperation(operation), budget), cloneJson(document));
  if (!isJsonObject(patched)) throw rejectedPatch('the patched document is not an object');
  return patched as T;
}

function readOperation(operation: unknown): Operation {
  if (!isJsonObject(operation)) throw malformedPatch('an operation of a JSON patch must be an object');
  const { op, path, from, value } = operation;
  switch (op) {
    case 'add':
    case 'replace':
    case 'test':
      return { op, path: field(op, 'path', path), value: value === undefined ? null : cloneJson(value) };
    case 'remove':
      return { op, path: field(op, 'path', path) };
    case 'move':
    case 'copy':
      return { op, from: field(op, 'from', from), path: field(op, 'path', path) };
    default:
      throw rejectedPatch(`Unexpected kind: ${typeof op === 'string' ? op : 'unknown'}`);
  }
}

function field(op: string, name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw rejectedPatch(`${op} operation failed to decode ${name}: operation missing ${name} field: ${MISSING}`);
}

/** Changes `root` in place; gives another one when the operation replaces it. */
function apply(root: unknown, operation: Operation, budget: { copiedBytes: number }): unknown {
  const { op, path } = operation;
  const failed = `error in ${op} for path: '${path}'`;
  switch (operation.op) {
    case 'add':
      insert(locate(root, path, `add operation does not apply: doc is missing path: "${path}"`), operation.value, failed);
      break;
    case 'remove':
      remove(locate(root, path, `remove operation does not apply: doc is missing path: "${path}"`), failed);
      break;
    case 'replace':
      return replace(root, path, operation.value);
    case 'test':
      if (!equalJson(tested(root, path, failed), operation.value)) throw failedTest(path);
      break;
    case 'move':
      move(root, operation);
      break;
    case 'copy':
      copy(root, operation, budget);
      break;
    default:
      unreachable(operation);
  }
  return root;
}

function replace(root: unknown, path: string, value: unknown): unknown {
  if (path === '') {
    if (typeof value === 'object' && value !== null) return value;
    throw rejectedPatch('replace operation value must be object or array');
  }
  const { container, key } = locate(root, path, `replace operation does not apply: doc is missing path: ${path}`);
  if (!Array.isArray(container)) setKey(container, key, value);
  else {
    const index = existingIndex(container, key);
    if (typeof index === 'string') throw rejectedPatch(`replace operation does not apply: doc is missing key: ${path}: ${MISSING}`);
    container[index] = value;
  }
  return root;
}

const tested = (root: unknown, path: string, failed: string): unknown =>
  path === '' ? root : read(locate(root, path, `test operation does not apply: is missing path: ${path}`), failed);

function move(root: unknown, { from, path }: Transfer): void {
  const source = locate(root, from, `move operation does not apply: doc is missing from path: ${from}`);
  const value = remove(source, `error in move for path: '${source.key}'`);
  const target = locate(root, path, `move operation does not apply: doc is missing destination path: ${path}`);
  insert(target, value, `error in move for path: '${path}'`);
}

function copy(root: unknown, { from, path }: Transfer, budget: { copiedBytes: number }): void {
  const source = locate(root, from, `copy operation does not apply: doc is missing from path: ${from}`);
  const value = read(source, `error in copy for from: '${from}'`);
  const target = locate(root, path, `copy operation does not apply: doc is missing destination path: ${path}`);
  budget.copiedBytes += JSON.stringify(value).length;
  if (budget.copiedBytes > MAX_COPIED_BYTES) {
    throw rejectedPatch(
      `Unable to complete the copy, the accumulated size increase of copy is ${budget.copiedBytes}, exceeding the limit ${MAX_COPIED_BYTES}`,
    );
  }
  insert(target, cloneJson(value), 'error while adding value during copy');
}

/** Where a pointer points: a key or an index of a container that exists. */
interface Place {
  readonly container: JsonObject | unknown[];
  readonly key: string;
}

/** What stands before the first slash does not count. `missing`: what is wrong when a container on the way is not there. */
function locate(root: unknown, path: string, missing: string): Place {
  const keys = path.split('/').slice(1).map(unescapePointer);
  const key = keys.pop();
  const container = keys.reduce<unknown>((at, step) => (isContainer(at) ? peek({ container: at, key: step }) : undefined), root);
  if (key === undefined || !isContainer(container)) throw rejectedPatch(`${missing}: ${MISSING}`);
  return { container, key };
}

const isContainer = (value: unknown): value is Place['container'] => Array.isArray(value) || isJsonObject(value);

const unescapePointer = (token: string) => token.replaceAll('~1', '/').replaceAll('~0', '~');

/** undefined when there is nothing. */
function peek({ container, key }: Place): unknown {
  if (!Array.isArray(container)) return hasKey(container, key) ? container[key] : undefined;
  const index = existingIndex(container, key);
  return typeof index === 'string' ? undefined : container[index];
}

/** null for a key that is not there. */
function read(place: Place, failed: string): unknown {
  const { container, key } = place;
  const index = Array.isArray(container) ? existingIndex(container, key) : 0;
  if (typeof index === 'string') throw rejectedPatch(`${failed}: ${index}`);
  return peek(place) ?? null;
}

/** Removes and gives what is there. */
function remove(place: Place, failed: string): unknown {
  const { container, key } = place;
  if (Array.isArray(container)) {
    const index = existingIndex(container, key);
    if (typeof index === 'string') throw rejectedPatch(`${failed}: ${index}`);
    return container.splice(index, 1)[0];
  }
  if (!hasKey(container, key)) throw rejectedPatch(`${failed}: Unable to remove nonexistent key: ${key}: ${MISSING}`);
  const value = container[key];
  delete container[key];
  return value;
}

function insert({ container, key }: Place, value: unknown, failed: string): void {
  if (!Array.isArray(container)) {
    setKey(container, key, value);
    return;
  }
  const index = key === '-' ? container.length : indexWithin(key, container.length + 1);
  if (typeof index === 'string') throw rejectedPatch(`${failed}: ${index}`);
  container.splice(index, 0, value);
}

const existingIndex = (container: readonly unknown[], key: string) => indexWithin(key, container.length);

/** An index below `length`, or what is wrong with it. */
function indexWithin(key: string, length: number): number | string {
  if (!/^[+-]?[0-9]+$/.test(key))
    return `value was not a proper array index: '${key}': strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`;
  const index = Number(key);
  if (index >= length || index < -length) return `Unable to access invalid index: ${index}: invalid index referenced`;
  return index < 0 ? index + length : index;
}
