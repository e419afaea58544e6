import { CelBudget, CelError, Optional } from '../cel/index.ts';
import { correlate, isMap, isUnchanged, NO_OLD, type Old, oldField } from '../crd-schema/index.ts';
import { duplicate, type FieldError, forbidden, invalid, OMIT_VALUE, required } from '../meta/field-error.ts';
import { utf8Bytes } from '../meta/validation.ts';
import type { ValidationRule } from '../schema/generated/types.ts';
import type { CompiledRule, RuleNode } from './compile-rules.ts';

/** What a walk knows beside the value: whether a fault in it is new. */
interface Place {
  readonly path: string;
  readonly old: Old;
  /** Nothing here changed since before: faults of rules that look at the value alone are tolerated (KEP-4008). */
  readonly unchanged: () => boolean;
}

interface Run {
  readonly errors: FieldError[];
  readonly warn: (text: string) => void;
  readonly budget: CelBudget;
}

/** No further rules are run: what they may cost is spent. */
class OutOfBudget extends Error {}

/**
 * Runs the rules over an object. `old`: the state before, for updates. Findings are worded as upstream's; rules that fail for the same value as before are no more than
 * warnings. Source: Kubernetes, "CustomResourceDefinitions" (validation rules, ratcheting).
 */
export function runRules(node: RuleNode, object: unknown, old?: unknown, warn: Run['warn'] = () => {}): FieldError[] {
  const run: Run = { errors: [], warn, budget: new CelBudget() };
  const before: Old = old ?? NO_OLD;
  try {
    visit(
      node,
      object,
      { path: '', old: before, unchanged: once(() => before !== NO_OLD && isUnchanged(node.schema.props, object, before)) },
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

/** What cannot be compared itself is unchanged when that is which holds it. */
function below(place: Place, path: string, { schema }: RuleNode, value: unknown, old: Old): Place {
  return { path, old, unchanged: old === NO_OLD ? place.unchanged : once(() => isUnchanged(schema.props, value, old)) };
}

function visitItems({ schema }: RuleNode, items: RuleNode, list: readonly unknown[], place: Place, run: Run): void {
  const before = correlate(schema.props, place.old);
  for (const [i, item] of list.entries()) visit(items, item, below(place, `${place.path}[${i}]`, items, item, before(item)), run);
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
  if (holds === true) return;
  const found = finding(compiled, value, place.path, bindings, run);
  if (!usesOldSelf && place.unchanged()) run.warn(`${found.path}: ${found.message}`);
  else run.errors.push(found);
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
  // What is large is not repeated.
  const shown = typeof value === 'object' ? OMIT_VALUE : value;
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return forbidden(at, detail);
    case 'FieldValueRequired':
      return required(at, detail);
    case 'FieldValueDuplicate':
      return duplicate(at, shown);
    default:
      return invalid(at, shown, detail);
  }
}

function pathOf(path: string, fieldPath: string | undefined): string {
  if (!fieldPath) return path;
  const inner = fieldPath.replace(/^\./, '').replace(/\['((?:[^'\\]|\\.)*)'\]/g, (_, key: string) => `.${key}`);
  return path ? `${path}.${inner.replace(/^\./, '')}` : inner.replace(/^\./, '');
}

const MAX_MESSAGE_BYTES = 5 * 1024;

/** undefined: the expression failed, or said nothing in one line that is not too long. */
function messageOf({ message }: CompiledRule, bindings: Record<string, unknown>, { budget }: Run): string | undefined {
  if (!message || message instanceof Error) return undefined;
  try {
    const text = message.evaluate(bindings, budget);
    const said = typeof text === 'string' ? text.trim() : '';
    return said !== '' && !said.includes('\n') && utf8Bytes(said) <= MAX_MESSAGE_BYTES ? said : undefined;
  } catch (error) {
    if (error instanceof CelError) return undefined;
    throw error;
  }
}
