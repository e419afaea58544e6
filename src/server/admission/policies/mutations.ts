import {
  mutationEnvironment,
  type PatchType,
  typeNameFindings,
  wrongResult,
} from '../../../api/admissionregistration/mutation-expressions.ts';
import { adopt, CelBudget, CelError, StructValue, toJson } from '../../../api/cel/index.ts';
import type { ResourceDefinition } from '../../../api/define.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import { ApiError } from '../../../api/meta/status.ts';
import { configurationFindings, findingsText } from '../../../api/patch/apply/index.ts';
import { isFailedTest, jsonPatch, patchFault } from '../../../api/patch/index.ts';
import type { MutatingAdmissionPolicy, Mutation } from '../../../api/schema/generated/types.ts';
import type { Bindings } from '../expressions/bindings.ts';
import { type Compiled, compileExpression, evaluateExpression, OutOfBudget } from '../expressions/conditions.ts';
import { applyTypeOf, atomicParts, mergeApplied } from './apply-configuration.ts';
import { type ComposedPolicy, composePolicy, withVariables } from './composed.ts';

export interface CompiledMutation {
  readonly patchType: PatchType;
  readonly expression: Compiled;
}
export interface CompiledMutations extends ComposedPolicy {
  readonly ignoresFailures: boolean;
  readonly reinvoked: boolean;
  readonly mutations: readonly CompiledMutation[];
}

export function compileMutations({ spec = {} }: MutatingAdmissionPolicy): CompiledMutations {
  const composed = composePolicy(spec);
  const variables = composed.variablesWith({ hasAuthorizer: true });
  return {
    ...composed,
    ignoresFailures: spec.failurePolicy === 'Ignore',
    reinvoked: spec.reinvocationPolicy === 'IfNeeded',
    mutations: (spec.mutations ?? []).map((mutation) => compileMutation(mutation, mutationEnvironment({ variables }))),
  };
}

function compileMutation(
  { patchType, applyConfiguration, jsonPatch }: Mutation,
  environment: Parameters<typeof compileExpression>[1],
): CompiledMutation {
  const type: PatchType = patchType === 'JSONPatch' ? 'JSONPatch' : 'ApplyConfiguration';
  const source = (type === 'JSONPatch' ? jsonPatch?.expression : applyConfiguration?.expression) ?? '';
  const expression = compileExpression(source, environment);
  const wrong = 'program' in expression ? wrongResult(type, expression.program) : undefined;
  return { patchType: type, expression: wrong === undefined ? expression : { expression: source, error: wrong } };
}

/** A mutation that cannot be made. Its policy's failure policy decides. */
export class MutationError extends Error {}

/**
 * What one mutation makes of the object, which is not changed. Throws MutationError, and what an authorizer that has to be waited for throws. Source:
 * apiserver, policy/mutating/patch.
 */
export function mutated(
  policy: CompiledMutations,
  { patchType, expression }: CompiledMutation,
  { object, definition, bindings }: { object: KubeObject; definition: ResourceDefinition; bindings: Bindings },
): KubeObject {
  const budget = new CelBudget();
  const value = evaluated(expression, withVariables(policy, bindings, budget), budget);
  return patchType === 'JSONPatch' ? patchedBy(value, object) : applied(value, object, definition);
}

function evaluated(expression: Compiled, bindings: Bindings, budget: CelBudget): unknown {
  try {
    const outcome = evaluateExpression(expression, bindings, budget);
    if ('error' in outcome) throw new MutationError(outcome.error);
    return outcome.value;
  } catch (e) {
    if (e instanceof OutOfBudget) throw new MutationError(e.message);
    throw e;
  }
}

function patchedBy(value: unknown, object: KubeObject): KubeObject {
  if (!Array.isArray(value)) throw new MutationError('type mismatch: JSONPatchType.expression should evaluate to array');
  const operations = value.map(operationOf);
  try {
    return jsonPatch(object, operations) as KubeObject;
  } catch (e) {
    if (!(e instanceof ApiError)) throw e;
    // A test that does not hold leaves the object as it is.
    if (isFailedTest(e)) return object;
    throw new MutationError(`JSON Patch: ${patchFault(e)}`);
  }
}

interface Operation {
  readonly op: unknown;
  readonly path: unknown;
}

function operationOf(item: unknown): Operation {
  if (!(item instanceof StructValue) || item.typeName !== 'JSONPatch') {
    throw new MutationError('type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch');
  }
  const field = (name: string) => item.fields.get(name);
  const value = field('value');
  if (value instanceof StructValue) requireTypeNames(value, value.typeName);
  const from = field('from');
  return {
    op: field('op') ?? '',
    path: field('path') ?? '',
    ...(from !== undefined && from !== '' && { from }),
    ...(value !== undefined && { value: json(value) }),
  };
}

function requireTypeNames(value: StructValue, path: string): void {
  const findings = typeNameFindings(value, path);
  if (findings.length > 0) throw new MutationError(`type mismatch: ${findings.join('\n')}`);
}

function json(value: unknown): unknown {
  try {
    return toJson(adopt(value));
  } catch (e) {
    if (!(e instanceof CelError)) throw e;
    throw new MutationError(`JSONPath valueExpression evaluated to a type that could not marshal to JSON: ${e.message}`);
  }
}

function applied(value: unknown, object: KubeObject, definition: ResourceDefinition): KubeObject {
  if (!(value instanceof StructValue)) throw new MutationError('unsupported return type from ApplyConfiguration expression');
  requireTypeNames(value, 'Object');
  const configuration = json(value) as object;
  const { apiVersion, kind } = object;
  const misfits = configurationFindings(configuration, applyTypeOf(definition));
  if (misfits.length > 0) {
    throw new MutationError(`error applying patch: failed to convert patch object to typed object: ${findingsText(misfits)}`);
  }
  const atomics = atomicParts(configuration, definition);
  if (atomics.length > 0) {
    const why = `may not mutate atomic arrays, maps or structs: ${atomics.join(', ')}`;
    throw new MutationError(`error applying patch: invalid ApplyConfiguration: ${why}`);
  }
  return mergeApplied(object, { ...configuration, apiVersion, kind }, definition);
}
