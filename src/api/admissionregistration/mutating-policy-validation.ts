import { type FieldError, invalid, notSupported, required } from '../meta/field-error.ts';
import { checkEnum } from '../meta/validation.ts';
import type { MatchResources, MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, Mutation } from '../schema/generated/types.ts';
import { compilationFinding, tryCompile } from './expression-validation.ts';
import { mutationEnvironment, PATCH_TYPES, type PatchType, wrongResult } from './mutation-expressions.ts';
import { checkBindingSpec, checkMatchResources, checkPolicySpec, type PolicyEnvironment } from './policy-validation.ts';

/** Nothing is left to change of what is being deleted. */
const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'UPDATE'];

/** Kubernetes, admissionregistration/validation. */
export function checkMutatingPolicy({ spec = {} }: MutatingAdmissionPolicy): FieldError[] {
  const { errors, environment } = checkPolicySpec('spec', spec);
  const { mutations = [], matchConstraints, reinvocationPolicy } = spec;
  return [
    ...errors,
    ...checkOperations('spec.matchConstraints.resourceRules.operations', matchConstraints),
    ...(mutations.length === 0 ? [required('spec.mutations', 'mutations must contain at least one item')] : []),
    ...mutations.flatMap((mutation, i) => checkMutation(`spec.mutations[${i}]`, mutation, environment)),
    ...(reinvocationPolicy
      ? checkEnum('spec.reinvocationPolicy', reinvocationPolicy, ['IfNeeded', 'Never'])
      : [required('spec.reinvocationPolicy')]),
  ];
}

export const checkMutatingBinding = ({ spec }: MutatingAdmissionPolicyBinding): FieldError[] => [
  ...checkBindingSpec('spec', spec ?? {}),
  ...checkMatchResources('spec.matchResources', spec?.matchResources),
  ...checkOperations('spec.matchResources.resourceRules.operations', spec?.matchResources),
];

const checkOperations = (path: string, match: MatchResources | undefined): FieldError[] =>
  (match?.resourceRules ?? [])
    .flatMap(({ operations }) => operations ?? [])
    .filter((operation) => !OPERATIONS.includes(operation))
    .map((operation) => notSupported(path, operation, OPERATIONS));

const FIELDS = { ApplyConfiguration: 'applyConfiguration', JSONPatch: 'jsonPatch' } as const;

function checkMutation(path: string, mutation: Mutation, environment: PolicyEnvironment): FieldError[] {
  const type = PATCH_TYPES.find((known) => known === mutation.patchType);
  if (!mutation.patchType) return [required(`${path}.patchType`)];
  if (!type) return [notSupported(`${path}.patchType`, mutation.patchType, PATCH_TYPES)];
  const own = FIELDS[type];
  const other = FIELDS[type === 'JSONPatch' ? 'ApplyConfiguration' : 'JSONPatch'];
  const given = mutation[own];
  const errors = given
    ? checkPatch(`${path}.${own}.expression`, given.expression, type, environment)
    : [required(`${path}.${own}`, `must be specified when patchType is ${type}`)];
  if (mutation[other]) errors.push(invalid(`${path}.${other}`, `{${other}}`, `must not be specified when patchType is ${type}`));
  return errors;
}

function checkPatch(path: string, expression: string | undefined, type: PatchType, environment: PolicyEnvironment): FieldError[] {
  if (!expression?.trim()) return [required(path)];
  const compiled = tryCompile(expression, mutationEnvironment(environment({ hasAuthorizer: true })));
  if ('error' in compiled) return [compilationFinding(path, expression, compiled)];
  const wrong = wrongResult(type, compiled);
  return wrong === undefined ? [] : [invalid(path, expression, wrong)];
}
