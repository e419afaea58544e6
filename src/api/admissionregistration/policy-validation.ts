import { type CelEnvironment, type CelType, DYN, nameType } from '../cel/index.ts';
import { checkConditions } from '../meta/conditions.ts';
import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from '../meta/field-error.ts';
import { dns1035LabelFindings, dns1123SubdomainFindings, pathSegmentFindings } from '../meta/names.ts';
import { checkEnum, checkLabelSelector, checkQualifiedName } from '../meta/validation.ts';
import type {
  AuditAnnotation,
  MatchCondition,
  MatchResources,
  NamedRuleWithOperations,
  ParamKind,
  ParamRef,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  Validation,
  Variable,
} from '../schema/generated/types.ts';
import { expressionVariables } from './expression-environment.ts';
import { checkExpression, checkMatchConditions, compilationFinding, tryCompile } from './expression-validation.ts';
import { checkRule } from './rule-validation.ts';

/** What policies of both kinds have (kubernetes, admissionregistration/validation). */
export interface PolicySpec {
  readonly failurePolicy?: string;
  readonly paramKind?: ParamKind;
  readonly matchConstraints?: MatchResources;
  readonly matchConditions?: readonly MatchCondition[];
  readonly variables?: readonly Variable[];
}

/** Makes environments for expressions of a policy: `variables` are those that compiled. */
export type PolicyEnvironment = (options: { readonly hasAuthorizer: boolean }) => CelEnvironment;

export interface CheckedPolicy {
  readonly errors: FieldError[];
  readonly environment: PolicyEnvironment;
}

export function checkPolicySpec(
  path: string,
  { failurePolicy, paramKind, matchConstraints, matchConditions = [], variables = [] }: PolicySpec,
): CheckedPolicy {
  const hasParams = paramKind !== undefined;
  const errors = [
    ...(failurePolicy === undefined
      ? [required(`${path}.failurePolicy`)]
      : checkEnum(`${path}.failurePolicy`, failurePolicy, ['Fail', 'Ignore'])),
    ...(paramKind ? checkParamKind(`${path}.paramKind`, paramKind) : []),
    ...(matchConstraints ? checkConstraints(`${path}.matchConstraints`, matchConstraints) : [required(`${path}.matchConstraints`)]),
    ...checkMatchConditions(`${path}.matchConditions`, matchConditions, {
      variables: expressionVariables({ hasParams, hasAuthorizer: true }),
      returns: 'bool',
    }),
  ];
  const composed: Record<string, CelType> = {};
  const environment: PolicyEnvironment = ({ hasAuthorizer }) => ({
    variables: expressionVariables({ hasParams, hasAuthorizer, ...(variables.length > 0 && { composed: { ...composed } }) }),
  });
  for (const [i, variable] of variables.entries()) {
    errors.push(...checkVariable(`${path}.variables[${i}]`, variable, environment({ hasAuthorizer: true })));
    const compiled = tryCompile(variable.expression ?? '', environment({ hasAuthorizer: true }));
    if (variable.name) composed[variable.name] = 'error' in compiled ? DYN : compiled.type;
  }
  return { errors, environment };
}

export function checkValidatingPolicy({ metadata, spec = {} }: ValidatingAdmissionPolicy): FieldError[] {
  const { errors, environment } = checkPolicySpec('spec', spec);
  const { validations = [], auditAnnotations = [] } = spec;
  if (validations.length === 0 && auditAnnotations.length === 0) {
    const why = 'validations or auditAnnotations must contain at least one item';
    return [...errors, required('spec.validations', why), required('spec.auditAnnotations', why)];
  }
  return [
    ...errors,
    ...validations.flatMap((validation, i) => checkValidation(`spec.validations[${i}]`, validation, environment)),
    ...checkAnnotations('spec.auditAnnotations', auditAnnotations, metadata?.name ?? '', environment),
  ];
}

const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];

function checkValidation(
  path: string,
  { expression, message, messageExpression, reason }: Validation,
  environment: PolicyEnvironment,
): FieldError[] {
  const full = { ...environment({ hasAuthorizer: true }), returns: 'bool' } as const;
  const errors = checkExpression(`${path}.expression`, expression, full, 'expression is not specified');
  if (messageExpression) {
    const plain = { ...environment({ hasAuthorizer: false }), returns: 'string' } as const;
    if (messageExpression.trim() === '')
      errors.push(invalid(`${path}.messageExpression`, messageExpression, 'must be non-empty if specified'));
    else errors.push(...checkExpression(`${path}.messageExpression`, messageExpression, plain));
  }
  if (message && message.trim() === '') errors.push(invalid(`${path}.message`, message, 'message must be non-empty if specified'));
  else if (message && /[\n\r]/.test(message.trim()))
    errors.push(invalid(`${path}.message`, message, 'message must not contain line breaks'));
  if (reason !== undefined && !REASONS.includes(reason)) errors.push(notSupported(`${path}.reason`, reason, REASONS));
  return errors;
}

const MAX_ANNOTATIONS = 20;
const MAX_VALUE_EXPRESSION_LENGTH = 5 * 1024;

function checkAnnotations(
  path: string,
  annotations: readonly AuditAnnotation[],
  name: string,
  environment: PolicyEnvironment,
): FieldError[] {
  const errors: FieldError[] = [];
  if (annotations.length > MAX_ANNOTATIONS) {
    errors.push(invalid(path, annotations, `must not have more than ${MAX_ANNOTATIONS} auditAnnotations`));
  }
  for (const [i, { key, valueExpression }] of annotations.entries()) {
    const at = `${path}[${i}]`;
    errors.push(
      ...(name
        ? checkQualifiedName(`${at}.key`, `${name}/${key ?? ''}`)
        : [invalid(`${at}.key`, key ?? '', 'requires metadata.name be non-empty')]),
    );
    errors.push(...checkValueExpression(`${at}.valueExpression`, valueExpression, environment));
    if (annotations.findIndex((other) => other.key === key) < i) errors.push(duplicate(`${at}.key`, key));
  }
  return errors;
}

const VALUE_TYPES = new Set(['string', 'null_type']);

function checkValueExpression(path: string, expression: string, environment: PolicyEnvironment): FieldError[] {
  const trimmed = expression?.trim() ?? '';
  if (trimmed === '') return [required(path, 'valueExpression is not specified')];
  if (trimmed.length > MAX_VALUE_EXPRESSION_LENGTH)
    return [required(path, `must not exceed ${MAX_VALUE_EXPRESSION_LENGTH} bytes in length`)];
  const compiled = tryCompile(trimmed, environment({ hasAuthorizer: true }));
  if ('error' in compiled) return [compilationFinding(path, expression, compiled)];
  const { type } = compiled;
  if (type.is === 'named' && VALUE_TYPES.has(type.name)) return [];
  return [invalid(path, expression, `must evaluate to one of [string null_type] but got ${nameType(type)}`)];
}

const IDENTIFIER = /^[_a-zA-Z][_a-zA-Z0-9]*$/;
const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);

function checkVariable(path: string, { name, expression }: Variable, environment: CelEnvironment): FieldError[] {
  const errors: FieldError[] = [];
  if (!name?.trim()) errors.push(required(`${path}.name`, 'name is not specified'));
  else if (!IDENTIFIER.test(name) || RESERVED.has(name)) errors.push(invalid(`${path}.name`, name, 'must be a valid CEL identifier'));
  return [...errors, ...checkExpression(`${path}.expression`, expression, environment, 'expression is not specified')];
}

function checkParamKind(path: string, { apiVersion, kind }: ParamKind): FieldError[] {
  const errors: FieldError[] = [];
  const parts = (apiVersion ?? '').split('/');
  const [version = '', group = ''] = parts.toReversed();
  if (!apiVersion) errors.push(required(`${path}.apiVersion`));
  else if (parts.length > 2) errors.push(invalid(`${path}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  else {
    const groupFindings = group ? dns1123SubdomainFindings(group) : [];
    if (groupFindings.length > 0) errors.push(invalid(`${path}.apiVersion`, group, groupFindings.join(',')));
    const versionFindings = dns1035LabelFindings(version);
    if (version === '') errors.push(invalid(`${path}.apiVersion`, apiVersion, 'version must be specified'));
    else if (versionFindings.length > 0) errors.push(invalid(`${path}.apiVersion`, version, versionFindings.join(',')));
  }
  const kindFindings = dns1035LabelFindings((kind ?? '').toLowerCase());
  if (!kind) errors.push(required(`${path}.kind`));
  else if (kindFindings.length > 0) {
    errors.push(invalid(`${path}.kind`, kind, `may have mixed case, but should otherwise match: ${kindFindings.join(',')}`));
  }
  return errors;
}

/** At least one rule says what types the expressions meet. */
function checkConstraints(path: string, match: MatchResources): FieldError[] {
  const errors = checkMatchResources(path, match);
  return match.resourceRules?.length ? errors : [...errors, required(`${path}.resourceRules`)];
}

export function checkMatchResources(path: string, match: MatchResources | undefined): FieldError[] {
  if (!match) return [];
  const { matchPolicy, namespaceSelector, objectSelector, resourceRules = [], excludeResourceRules = [] } = match;
  return [
    ...(matchPolicy === undefined
      ? [required(`${path}.matchPolicy`)]
      : checkEnum(`${path}.matchPolicy`, matchPolicy, ['Equivalent', 'Exact'])),
    ...(namespaceSelector ? checkLabelSelector(`${path}.namespaceSelector`, namespaceSelector) : [required(`${path}.namespaceSelector`)]),
    ...(objectSelector ? checkLabelSelector(`${path}.objectSelector`, objectSelector) : [required(`${path}.objectSelector`)]),
    ...resourceRules.flatMap((rule, i) => checkNamedRule(`${path}.resourceRules[${i}]`, rule)),
    ...excludeResourceRules.flatMap((rule, i) => checkNamedRule(`${path}.excludeResourceRules[${i}]`, rule)),
  ];
}

function checkNamedRule(path: string, rule: NamedRuleWithOperations): FieldError[] {
  const names = rule.resourceNames ?? [];
  const errors = names.flatMap((name, i) => [
    ...pathSegmentFindings(name).map((finding) => invalid(`${path}.resourceNames[${i}]`, name, finding)),
    ...(names.indexOf(name) < i ? [duplicate(`${path}.resourceNames[${i}]`, name)] : []),
  ]);
  return [...errors, ...checkRule(path, { ...rule, operations: rule.operations ?? [] })];
}

/** What the type checker found, and the conditions. */
export function checkValidatingPolicyStatus({ status = {} }: ValidatingAdmissionPolicy): FieldError[] {
  const { typeChecking, conditions } = status;
  const warnings = (typeChecking?.expressionWarnings ?? []).flatMap(({ warning, fieldRef }, i) => {
    const at = `status.typeChecking.expressionWarnings[${i}]`;
    return [...(warning ? [] : [required(`${at}.warning`)]), ...(fieldRef ? [] : [required(`${at}.fieldRef`)])];
  });
  return [...warnings, ...checkConditions('status.conditions', conditions)];
}

export function checkValidatingBinding({ spec }: ValidatingAdmissionPolicyBinding): FieldError[] {
  return [
    ...checkBindingSpec('spec', spec ?? { policyName: '' }),
    ...checkMatchResources('spec.matchResources', spec?.matchResources),
    ...checkActions('spec.validationActions', spec?.validationActions ?? []),
  ];
}

interface BindingSpec {
  readonly policyName?: string;
  readonly paramRef?: ParamRef;
}

export function checkBindingSpec(path: string, { policyName, paramRef }: BindingSpec): FieldError[] {
  return [
    ...(policyName
      ? dns1123SubdomainFindings(policyName).map((finding) => invalid(`${path}.policyName`, policyName, finding))
      : [required(`${path}.policyName`)]),
    ...checkParamRef(`${path}.paramRef`, paramRef),
  ];
}

function checkParamRef(path: string, ref: ParamRef | undefined): FieldError[] {
  if (!ref) return [];
  const { name, selector, parameterNotFoundAction } = ref;
  const errors: FieldError[] = [];
  const exclusive = 'name and selector are mutually exclusive';
  if (name) {
    errors.push(...pathSegmentFindings(name).map((finding) => invalid(`${path}.name`, name, finding)));
    if (selector) errors.push(forbidden(`${path}.name`, exclusive));
  }
  if (selector)
    errors.push(...checkLabelSelector(`${path}.selector`, selector), ...(name ? [forbidden(`${path}.selector`, exclusive)] : []));
  if (!name && !selector) errors.push(required(path, 'one of name or selector must be specified'));
  if (!parameterNotFoundAction) errors.push(required(`${path}.parameterNotFoundAction`));
  else errors.push(...checkEnum(`${path}.parameterNotFoundAction`, parameterNotFoundAction, ['Deny', 'Allow']));
  return errors;
}

const ACTIONS = ['Audit', 'Deny', 'Warn'];

function checkActions(path: string, actions: readonly string[]): FieldError[] {
  const errors = actions.flatMap((action, i) => [
    ...(ACTIONS.includes(action) ? [] : [notSupported(`${path}[${i}]`, action, ACTIONS)]),
    ...(actions.indexOf(action) < i ? [duplicate(`${path}[${i}]`, action)] : []),
  ]);
  if (actions.includes('Deny') && actions.includes('Warn')) {
    const why =
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)';
    errors.push(invalid(path, actions, why));
  }
  return actions.length === 0 ? [...errors, required(path, 'at least one validation action is required')] : errors;
}
