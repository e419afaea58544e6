/** Validation rules of custom resources: CEL over structural schemas. */
export { type CompiledRule, compileRules, hasRules, type RuleNode, rulesOf } from './compile-rules.ts';
export { escapeName, type RuleType, ruleType } from './rule-type.ts';
export { runRules } from './run-rules.ts';
