import { ESTIMATED_COST_LIMIT, ESTIMATED_CRD_COST_LIMIT, times } from '../cel/index.ts';
import { type CompiledRule, hasRules, rulesOf, ruleType } from '../crd-rules/index.ts';
import { type StructuralSchema, toStructural } from '../crd-schema/index.ts';
import { type FieldError, forbidden, internalError, invalid } from '../meta/field-error.ts';
import type { JSONSchemaProps } from '../schema/generated/types.ts';
import { internalRule } from './crd-internal-form.ts';

interface RuleCost {
  readonly path: string;
  readonly cost: number;
}

interface Walk {
  /** What is wrong with the schema beside its rules. */
  readonly others: readonly FieldError[];
  readonly errors: FieldError[];
  readonly costs: RuleCost[];
}

interface Place {
  readonly path: string;
  readonly isObject: boolean;
  /** How many values of the schema an object can hold at most; undefined: nothing bounds them. */
  readonly cardinality: number | undefined;
  /** What keeps values here from being compared with those before. */
  readonly uncorrelatable: string | undefined;
}

/**
 * Rules compile, may compare what they compare, and cannot cost too much: one by one, nor all together. `others`: rules around what else is wrong are not looked at. Source: KEP-2876
 * (cost estimation).
 */
export function validateCompiledRules(schema: JSONSchemaProps, path: string, others: readonly FieldError[] = []): FieldError[] {
  const structural = toStructural(schema);
  if (!hasRules(structural)) return [];
  const walk: Walk = { others, errors: [], costs: [] };
  visit(structural, { path, isObject: true, cardinality: 1, uncorrelatable: undefined }, walk);
  return [...walk.errors, ...totalFindings(walk.costs, path)];
}

function visit(schema: StructuralSchema, place: Place, walk: Walk): void {
  const { path } = place;
  const most = mostElements(schema);
  const cardinality = place.cardinality === undefined || most === undefined ? undefined : times(place.cardinality, most);
  const inner = (at: string, child: StructuralSchema, correlates: boolean): Place => ({
    path: `${path}.${at}`,
    isObject: child.embedded,
    cardinality,
    uncorrelatable: place.uncorrelatable ?? (correlates ? undefined : path),
  });
  const { additional, items } = schema;
  if (typeof additional === 'object') visit(additional, inner('additionalProperties', additional, true), walk);
  for (const [name, property] of schema.properties) visit(property, inner(`properties[${name}]`, property, true), walk);
  if (items) visit(items, inner('items', items, schema.listType === 'map'), walk);
  if (schema.validations.length === 0 || walk.others.some((other) => other.path === path || other.path.startsWith(`${path}.`))) return;
  const type = ruleType(schema, place.isObject);
  if (!type) {
    walk.errors.push(internalError(`${path}.x-kubernetes-validations`, UNTYPED));
    return;
  }
  const repeated = place.cardinality ?? Math.floor(MAX_REQUEST_BYTES / (type.minBytes + 1));
  for (const [i, rule] of rulesOf(schema, place.isObject).entries()) {
    ruleFindings(rule, `${path}.x-kubernetes-validations[${i}]`, { ...place, cardinality: repeated }, walk);
  }
}

const UNTYPED =
  'internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations';

function mostElements({ props, type, additional }: StructuralSchema): number | undefined {
  if (type === 'array') return props.maxItems === undefined ? undefined : Math.max(0, Number(props.maxItems));
  if (type === 'object' && additional !== undefined)
    return props.maxProperties === undefined ? undefined : Math.max(0, Number(props.maxProperties));
  return 1;
}

/** Greatest request that is read: what nothing else bounds, its size does. */
const MAX_REQUEST_BYTES = 3 * 1024 * 1024;

function ruleFindings({ rule, program, message, usesOldSelf }: CompiledRule, path: string, place: Place, { errors, costs }: Walk): void {
  const charge = (cost: number, field: string, what: string) => {
    costs.push({ path: `${path}.${field}`, cost });
    if (cost > ESTIMATED_COST_LIMIT)
      errors.push(forbidden(`${path}.${field}`, costMessage(`estimated ${what} cost`, cost, ESTIMATED_COST_LIMIT)));
  };
  if (program instanceof Error) errors.push(invalid(`${path}.rule`, internalRule(rule), program.message));
  else charge(times(program.estimatedCost, place.cardinality ?? 1), 'rule', 'rule');
  if (message instanceof Error) errors.push(invalid(`${path}.messageExpression`, internalRule(rule), message.message));
  else if (message) charge(message.estimatedCost, 'messageExpression', 'messageExpression');
  if (usesOldSelf && place.uncorrelatable !== undefined) {
    const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelatable}`;
    errors.push(invalid(`${path}.rule`, rule.rule, detail));
  } else if (!usesOldSelf && rule.optionalOldSelf !== undefined) {
    errors.push(invalid(`${path}.optionalOldSelf`, rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule'));
  }
}

function totalFindings(costs: readonly RuleCost[], path: string): FieldError[] {
  const total = costs.reduce((sum, { cost }) => sum + cost, 0);
  if (total <= ESTIMATED_CRD_COST_LIMIT) return [];
  const expensive = costs.filter(({ cost }) => cost >= ESTIMATED_CRD_COST_LIMIT / 100).sort((a, b) => b.cost - a.cost);
  return [
    ...expensive
      .slice(0, 4)
      .map((rule) => forbidden(rule.path, 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema')),
    forbidden(
      path,
      costMessage('x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema', total, ESTIMATED_CRD_COST_LIMIT),
    ),
  ];
}

function costMessage(what: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const times = factor > 100 ? 'more than 100x' : `${factor.toFixed(factor < 1.5 ? 6 : 1)}x`;
  const advice = 'try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared';
  return `${what} exceeds budget by factor of ${times} (${advice})`;
}
