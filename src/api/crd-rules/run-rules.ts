import { CelBudget, CelError, Optional } from '../cel/index.ts';
import { isMap, type StructuralSchema } from '../crd-schema/index.ts';
import { equalJson } from '../meta/equal-json.ts';
import { duplicate, type FieldError, forbidden, invalid, required } from '../meta/field-error.ts';
import type { ValidationRule } from '../schema/generated/types.ts';
import type { CompiledRule, RuleNode } from './compile-rules.ts';

/** There is no value from before that could be compared. */
const NO_OLD = Symbol('no old value');
type Old = unknown | typeof NO_OLD;

/** What a walk knows beside the value: whether a fault in it is new. */
interface Place {
  readonly path: string;
  readonly old: Old;
  /** Nothing here changed since before: faults of rules that look at the value alone are tolerated (KEP-4008). */
  readonly unchanged: () => boolean;
}

interface Run {
  readonly errors: FieldError[];
  readonly budget: CelBudget;
}

/** No further rules are run: what they may cost is spent. */
class OutOfBudget extends Error {}

/**
 * Runs the rules over an object. `old`: the state before, for updates. Findings are worded as upstream's; rules that fail for the same value as before do not count. Source: Kubernetes,
 * "CustomResourceDefinitions" (validation rules).
 */
export function runRules(node: RuleNode, object: unknown, old?: unknown): FieldError[] {
  const run: Run = { errors: [], budget: new CelBudget() };
  const before: Old = old ?? NO_OLD;
  try {
    visit(
      node,
      object,
      { path: '', old: before, unchanged: once(() => before !== NO_OLD && isUnchanged(node.schema, object, before)) },
      run,
    );
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error;
  }
  return run.errors;
}

function once(decide: () => boolean): () => boolean {
  let known: boolean | undefined;
  return () => {
    known ??= decide();
    return known;
  };
}

function visit(node: RuleNode, value: unknown, place: Place, run: Run): void {
  if (value === null || value === undefined) return;
  for (const rule of node.rules) check(rule, node, value, place, run);
  if (Array.isArray(value)) {
    if (node.items) visitItems(node, node.items, value, place, run);
    return;
  }
  if (!isMap(value)) return;
  const { properties, additional } = node;
  for (const [key, inner] of properties) {
    if (Object.hasOwn(value, key))
      visit(inner, value[key], below(place, `${place.path}${place.path && '.'}${key}`, inner, value[key], oldField(place.old, key)), run);
  }
  if (!additional) return;
  for (const [key, field] of Object.entries(value)) {
    visit(additional, field, below(place, `${place.path}[${key}]`, additional, field, oldField(place.old, key)), run);
  }
}

const oldField = (old: Old, key: string): Old => (isMap(old) && Object.hasOwn(old, key) ? old[key] : NO_OLD);

/** What cannot be compared itself is unchanged when that is which holds it. */
function below(place: Place, path: string, { schema }: RuleNode, value: unknown, old: Old): Place {
  return { path, old, unchanged: old === NO_OLD ? place.unchanged : once(() => isUnchanged(schema, value, old)) };
}

/** Upstream compares by the schema: what it does not describe counts as changed, which all of an object's metadata is. */
const isUnchanged = (schema: StructuralSchema, value: unknown, old: Old): boolean => equalJson(value, old) && isDescribed(schema, value);

function isDescribed(schema: StructuralSchema, value: unknown): boolean {
  const { items, properties, additional } = schema;
  if (Array.isArray(value)) return schema.listType !== 'map' || !items || value.every((item) => isDescribed(items, item));
  if (!isMap(value)) return true;
  return Object.entries(value).every(([key, field]) => {
    const inner = properties.get(key) ?? additional;
    return typeof inner === 'object' && isDescribed(inner, field);
  });
}

function visitItems({ schema }: RuleNode, items: RuleNode, list: readonly unknown[], place: Place, run: Run): void {
  const keys = schema.listType === 'map' ? schema.listMapKeys : [];
  const keyOf = (item: unknown) => (isMap(item) ? JSON.stringify(keys.map((key) => item[key])) : undefined);
  const before = new Map(keys.length > 0 && Array.isArray(place.old) ? place.old.map((item) => [keyOf(item), item as unknown]) : []);
  for (const [i, item] of list.entries()) {
    const key = keyOf(item);
    visit(
      items,
      item,
      below(place, `${place.path}[${i}]`, items, item, key !== undefined && before.has(key) ? before.get(key) : NO_OLD),
      run,
    );
  }
}

function check(compiled: CompiledRule, { schema }: RuleNode, value: unknown, place: Place, run: Run): void {
  const { rule, program, usesOldSelf } = compiled;
  if (usesOldSelf && place.old === NO_OLD && !rule.optionalOldSelf) return;
  const at = place.path || '<nil>';
  if (program instanceof Error) {
    run.errors.push(invalid(at, schema.type, `rule compile error: ${program.message}`));
    return;
  }
  const bindings = bindingsOf(rule, value, place.old);
  let holds: unknown;
  try {
    holds = program.evaluate(bindings, run.budget);
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    run.errors.push(invalid(at, schema.type, evaluationFault(error, rule)));
    if (error.reason === 'budget') throw new OutOfBudget();
    return;
  }
  if (holds === true || (!usesOldSelf && place.unchanged())) return;
  run.errors.push(finding(compiled, value, place.path, bindings, run));
}

function bindingsOf(rule: ValidationRule, self: unknown, old: Old): Record<string, unknown> {
  if (rule.optionalOldSelf) return { self, oldSelf: old === NO_OLD ? new Optional() : new Optional(old) };
  return old === NO_OLD ? { self } : { self, oldSelf: old };
}

const ruleText = ({ message, rule }: ValidationRule): string => (message?.trim() || rule).trim();

function evaluationFault({ reason, message }: CelError, rule: ValidationRule): string {
  if (message.startsWith('no such overload')) {
    return `'${message}': call arguments did not match a supported operator, function or macro signature for rule: ${ruleText(rule)}`;
  }
  if (message.startsWith('operation cancelled')) {
    return `'${message}': no further validation rules will be run due to call cost exceeds limit for rule: ${ruleText(rule)}`;
  }
  return reason === 'budget' ? message : `${message} evaluating rule: ${ruleText(rule)}`;
}

function finding(compiled: CompiledRule, value: unknown, path: string, bindings: Record<string, unknown>, run: Run): FieldError {
  const { rule } = compiled;
  const detail = messageOf(compiled, bindings, run) ?? (rule.message?.trim() || `failed rule: ${ruleText(rule)}`);
  const at = pathOf(path, rule.fieldPath) || '<nil>';
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return forbidden(at, detail);
    case 'FieldValueRequired':
      return required(at, detail);
    case 'FieldValueDuplicate':
      return duplicate(at, value);
    default:
      // What is large is not repeated.
      return typeof value === 'object'
        ? { reason: 'FieldValueInvalid', path: at, message: `Invalid value: ${detail}` }
        : invalid(at, value, detail);
  }
}

function pathOf(path: string, fieldPath: string | undefined): string {
  if (!fieldPath) return path;
  const inner = fieldPath.replace(/^\./, '').replace(/\['((?:[^'\\]|\\.)*)'\]/g, (_, key: string) => `.${key}`);
  return path ? `${path}.${inner.replace(/^\./, '')}` : inner.replace(/^\./, '');
}

/** undefined: the expression failed, or said nothing in one line. */
function messageOf({ message }: CompiledRule, bindings: Record<string, unknown>, { budget }: Run): string | undefined {
  if (!message || message instanceof Error) return undefined;
  try {
    const text = message.evaluate(bindings, budget);
    return typeof text === 'string' && text.trim() !== '' && !/[\n\r]/.test(text) ? text : undefined;
  } catch (error) {
    if (error instanceof CelError) return undefined;
    throw error;
  }
}
