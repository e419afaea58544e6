import { type CelEnvironment, type CelProgram, type CelType, compileCel, optionalOf } from '../cel/index.ts';
import type { StructuralSchema } from '../crd-schema/index.ts';
import type { ValidationRule } from '../schema/generated/types.ts';
import { type RuleType, ruleType } from './rule-type.ts';

/** One rule, compiled. A rule that does not compile says so when it is to be run: its definition was let in by another version. */
export interface CompiledRule {
  readonly rule: ValidationRule;
  readonly program: CelProgram | Error;
  readonly message: CelProgram | Error | undefined;
  /** A transition rule: it compares with the value that was there before. */
  readonly usesOldSelf: boolean;
}

/** The rules of a schema and of what it holds; parts without any are left out. */
export interface RuleNode {
  readonly schema: StructuralSchema;
  readonly rules: readonly CompiledRule[];
  readonly properties: ReadonlyMap<string, RuleNode>;
  readonly additional: RuleNode | undefined;
  readonly items: RuleNode | undefined;
}

/** undefined: there are no rules. `isObject`: see ruleType. */
export function compileRules(schema: StructuralSchema, isObject = true): RuleNode | undefined {
  if (!hasRules(schema)) return undefined;
  const { additional, items } = schema;
  return {
    schema,
    rules: schema.validations.length > 0 ? rulesOf(schema, isObject) : [],
    properties: new Map(
      [...schema.properties].flatMap(([name, property]) => {
        const node = compileRules(property, property.embedded);
        return node ? [[name, node] as const] : [];
      }),
    ),
    additional: typeof additional === 'object' ? compileRules(additional, additional.embedded) : undefined,
    items: items && compileRules(items, items.embedded),
  };
}

export function hasRules({ validations, properties, additional, items }: StructuralSchema): boolean {
  return (
    validations.length > 0 ||
    [...properties.values()].some(hasRules) ||
    (typeof additional === 'object' && hasRules(additional)) ||
    (items !== undefined && hasRules(items))
  );
}

/** Compiles the rules of one schema. */
export function rulesOf(schema: StructuralSchema, isObject: boolean): CompiledRule[] {
  const self = ruleType(schema, isObject);
  if (!self) return schema.validations.map((rule) => failed(rule, new Error('unable to convert structural schema to CEL declarations')));
  const environments = { plain: environmentOf(self, self.type), optional: environmentOf(self, optionalOf(self.type)) };
  return schema.validations.map((rule) => compileRule(rule, environments[rule.optionalOldSelf ? 'optional' : 'plain']));
}

const environmentOf = ({ type, sizes }: RuleType, oldSelf: CelType) => {
  const variables = { self: type, oldSelf };
  return { rule: { variables, sizes, returns: 'bool' }, message: { variables, sizes, returns: 'string' } } as const satisfies Record<
    string,
    CelEnvironment
  >;
};

const failed = (rule: ValidationRule, error: Error): CompiledRule => ({ rule, program: error, message: undefined, usesOldSelf: false });

function compileRule(rule: ValidationRule, environment: ReturnType<typeof environmentOf>): CompiledRule {
  return {
    rule,
    program: attempt(rule.rule, environment.rule),
    message: rule.messageExpression ? attempt(rule.messageExpression, environment.message) : undefined,
    usesOldSelf: mentionsOldSelf(rule.rule),
  };
}

function attempt(expression: string, environment: CelEnvironment): CelProgram | Error {
  try {
    return compileCel(expression, environment);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** The variable, not a field of that name or a text that holds the word. */
function mentionsOldSelf(expression: string): boolean {
  const bare = expression.replace(/"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '""');
  return /(?<![\w.])oldSelf\b/.test(bare);
}
