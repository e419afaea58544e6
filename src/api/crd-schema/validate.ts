import type { FieldError } from '../meta/field-error.ts';
import type { JSONSchemaProps } from '../schema/generated/types.ts';
import { findings, type Outcome } from './findings.ts';
import { asSchema, entriesOf, isMap } from './structural.ts';
import { correlate, isUnchanged, NO_OLD, type Old, oldField } from './unchanged.ts';
import { enumCheck, numberCheck, sizeCheck, stringCheck, typeCheck } from './value-checks.ts';

/** One compiled schema. `old` is the value that was there before, where it can be told. */
type Node = (value: unknown, old: Old, path: string, out: Outcome) => void;

/** Compiled once per schema; answers with findings about a value. */
export interface SchemaValidator {
  /** `old`: a finding about a part that did not change is tolerated (KEP-4008). */
  validate(value: unknown, options?: { old?: unknown; path?: string }): FieldError[];
}

/**
 * Compiles a schema into closures: keywords that it does not use cost nothing. `isPart`: of a part of an object, which has no version and kind.
 * Throws RegexError for a pattern that is none.
 */
export function compileSchema(schema: JSONSchemaProps, { isPart = false }: { isPart?: boolean } = {}): SchemaValidator {
  const node = compile(schema, !isPart);
  return {
    validate(value, { old, path = '' } = {}) {
      const out: Outcome = { errors: [], matches: 0 };
      node(value, old === undefined ? NO_OLD : old, path, out);
      return out.errors;
    },
  };
}

/** A schema of a field or an item. What did not change since before is not held against the writer. */
function compile(schema: JSONSchemaProps, isRoot = false): Node {
  const check = compileKeywords(schema, isRoot);
  return (value, old, path, out) => {
    const before = out.errors.length;
    check(value, old, path, out);
    if (out.errors.length > before && old !== NO_OLD && isUnchanged(schema, value, old)) out.errors.length = before;
  };
}

function compileKeywords(schema: JSONSchemaProps, isRoot: boolean): Node {
  const type = typeCheck(schema);
  const allowed = enumCheck(schema);
  const text = stringCheck(schema);
  const number = numberCheck(schema);
  const list = listNode(schema);
  const object = objectNode(schema, isRoot);
  const junctors = junctorNode(schema);
  return (value, old, path, out) => {
    out.matches += 1;
    type?.(value, path, out);
    if (value === null) return allowed?.(value, path, out);
    junctors?.(value, path, out);
    if (typeof value === 'string') text?.(value, path, out);
    else if (typeof value === 'number' || typeof value === 'bigint') number?.(value, path, out);
    else if (Array.isArray(value)) list?.(value, old, path, out);
    allowed?.(value, path, out);
    if (isMap(value)) object?.(value, old, path, out);
  };
}

function listNode(schema: JSONSchemaProps): ((value: readonly unknown[], old: Old, path: string, out: Outcome) => void) | undefined {
  const size = sizeCheck(schema);
  const itemSchema = asSchema(schema.items);
  const item = itemSchema && compile(itemSchema);
  if (!size && !item) return undefined;
  return (value, old, path, out) => {
    if (item) {
      const before = correlate(schema, old);
      for (let i = 0; i < value.length; i++) item(value[i], before(value[i]), `${path}[${i}]`, out);
    }
    size?.(value, path, out);
  };
}

function objectNode(
  schema: JSONSchemaProps,
  isRoot: boolean,
): ((value: Record<string, unknown>, old: Old, path: string, out: Outcome) => void) | undefined {
  const { minProperties, maxProperties, required = [] } = schema;
  const fields = new Map(entriesOf(schema.properties).map(([name, property]) => [name, compile(property)]));
  const additionalSchema = asSchema(schema.additionalProperties);
  const additional = additionalSchema && compile(additionalSchema);
  const forbidsOthers = schema.additionalProperties === false;
  const bounds = minProperties !== undefined || maxProperties !== undefined;
  if (!bounds && required.length === 0 && fields.size === 0 && !additional && !forbidsOthers) return undefined;
  return (value, old, path, out) => {
    if (bounds) checkBounds(value, schema, path, out);
    for (const key of Object.keys(value)) {
      const field = fields.get(key) ?? additional;
      const at = path ? `${path}.${key}` : key;
      // Type fields are the same in old and new by conversion, whatever was stored.
      const before = isRoot && path === '' && (key === 'kind' || key === 'apiVersion') ? NO_OLD : oldField(old, key);
      if (field) field(value[key], before, at, out);
      else if (forbidsOthers && !fields.has(key)) out.errors.push(findings.notAllowed(path, key));
    }
    for (const name of required) if (!Object.hasOwn(value, name)) out.errors.push(findings.required(path, name));
  };
}

function checkBounds(value: object, { minProperties, maxProperties }: JSONSchemaProps, path: string, out: Outcome): void {
  const { length } = Object.keys(value);
  if (minProperties !== undefined && length < minProperties) {
    out.errors.push(findings.should(path, length, `have at least ${minProperties} properties`));
  }
  if (maxProperties !== undefined && length > maxProperties) out.errors.push(findings.tooMany(path, length, maxProperties));
}

type Junctor = (value: unknown, path: string, out: Outcome) => void;

/** `allOf`, `anyOf`, `oneOf`, `not`. Of what they say nothing is tolerated for being as it was, as upstream has it. */
function junctorNode({ anyOf, oneOf, allOf, not }: JSONSchemaProps): Junctor | undefined {
  const compileAll = (schemas: readonly JSONSchemaProps[] | undefined) => schemas?.map((schema) => compileKeywords(schema, false)) ?? [];
  const parts: Junctor[] = [];
  const [any, one, all] = [compileAll(anyOf), compileAll(oneOf), compileAll(allOf)];
  if (any.length > 0) parts.push((value, path, out) => checkAny(any, value, path, out));
  if (one.length > 0) parts.push((value, path, out) => checkOne(one, value, path, out));
  if (all.length > 0) parts.push((value, path, out) => checkAll(all, value, path, out));
  const negated = not && compileKeywords(not, false);
  if (negated) {
    parts.push((value, path, out) => {
      if (tryOn(negated, value, path).errors.length > 0) return;
      out.errors.push(findings.whole(`${JSON.stringify(path)} must not validate the schema (not)`));
    });
  }
  if (parts.length === 0) return undefined;
  return (value, path, out) => {
    for (const part of parts) part(value, path, out);
  };
}

function tryOn(node: Node, value: unknown, path: string): Outcome {
  const out: Outcome = { errors: [], matches: 0 };
  node(value, NO_OLD, path, out);
  return out;
}

const isFit = ({ errors }: Outcome) => errors.length === 0;
const better = (best: Outcome | undefined, next: Outcome): Outcome => (best && best.matches >= next.matches ? best : next);

function checkAny(nodes: readonly Node[], value: unknown, path: string, out: Outcome): void {
  let best: Outcome | undefined;
  for (const node of nodes) {
    const tried = tryOn(node, value, path);
    if (isFit(tried)) {
      out.matches += tried.matches;
      return;
    }
    best = better(best, tried);
  }
  out.errors.push(findings.whole(`${JSON.stringify(path)} must validate at least one schema (anyOf)`), ...(best?.errors ?? []));
}

function checkOne(nodes: readonly Node[], value: unknown, path: string, out: Outcome): void {
  let best: Outcome | undefined;
  let fits = 0;
  for (const node of nodes) {
    const tried = tryOn(node, value, path);
    if (isFit(tried)) fits += 1;
    else best = better(best, tried);
  }
  if (fits === 1) return;
  const found = fits === 0 ? 'Found none valid' : `Found ${fits} valid alternatives`;
  out.errors.push(findings.whole(`${JSON.stringify(path)} must validate one and only one schema (oneOf). ${found}`));
  if (fits === 0 && best) out.errors.push(...best.errors);
}

function checkAll(nodes: readonly Node[], value: unknown, path: string, out: Outcome): void {
  let fits = 0;
  for (const node of nodes) {
    const tried = tryOn(node, value, path);
    if (isFit(tried)) fits += 1;
    out.matches += tried.matches;
    out.errors.push(...tried.errors);
  }
  if (fits === nodes.length) return;
  out.errors.push(findings.whole(`${JSON.stringify(path)} must validate all the schemas (allOf)${fits === 0 ? '. None validated' : ''}`));
}
