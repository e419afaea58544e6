import { type CelEnvironment, CelError, type CelErrorReason, type CelProgram, type CelType, compileCel, optionalOf } from '../cel/index.ts';
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
  const program = attempt(rule.rule, environment.rule, RULE_FAULTS);
  return {
    rule,
    program,
    message:
      rule.messageExpression && !(program instanceof Error)
        ? attempt(rule.messageExpression, environment.message, MESSAGE_FAULTS)
        : undefined,
    usesOldSelf: mentionsOldSelf(rule.rule),
  };
}

/** What an expression that cannot be used is told, by the reason. */
type Faults = Readonly<Record<CelErrorReason, (message: string) => string>>;

const RULE_FAULTS: Faults = {
  compile: (message) => `compilation failed: ${message}`,
  type: () => 'cel expression must evaluate to a bool',
  runtime: (message) => `program instantiation failed: ${message}`,
  budget: (message) => `program instantiation failed: ${message}`,
};
const MESSAGE_FAULTS: Faults = {
  compile: (message) => `messageExpression compilation failed: ${message}`,
  type: () => 'messageExpression must evaluate to a string',
  runtime: (message) => `messageExpression instantiation failed: ${message}`,
  budget: (message) => `messageExpression instantiation failed: ${message}`,
};

function attempt(expression: string, environment: CelEnvironment, faults: Faults): CelProgram | Error {
  try {
    return compileCel(expression, environment);
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return new Error(faults[error.reason](error.message));
  }
}

/** The variable, not a field of that name or a text that holds the word. */
function mentionsOldSelf(expression: string): boolean {
  const bare = expression.replace(/"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '""');
  return /(?<![\w.])oldSelf\b/.test(bare);
}
