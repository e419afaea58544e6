import { CelError, compileCel, listOf, mapOf, objectType, STRING } from '../../api/cel/index.ts';
import type { SubjectAccessReviewSpec } from '../../api/schema/generated/types.ts';
import { goAggregate } from '../../base/go-aggregate.ts';

const selector = (name: string) =>
  objectType(`kubernetes.${name}SelectorAttributes`, {
    rawSelector: STRING,
    requirements: listOf(objectType(`kubernetes.${name}SelectorRequirement`, { key: STRING, operator: STRING, values: listOf(STRING) })),
  });

/** `request`: the spec of a SubjectAccessReview v1 (apiserver, authorization/cel). */
const REQUEST = objectType('kubernetes.SubjectAccessReviewSpec', {
  resourceAttributes: objectType('kubernetes.ResourceAttributes', {
    namespace: STRING,
    verb: STRING,
    group: STRING,
    version: STRING,
    resource: STRING,
    subresource: STRING,
    name: STRING,
    fieldSelector: selector('Field'),
    labelSelector: selector('Label'),
  }),
  nonResourceAttributes: objectType('kubernetes.NonResourceAttributes', { path: STRING, verb: STRING }),
  user: STRING,
  groups: listOf(STRING),
  extra: mapOf(STRING, listOf(STRING)),
  uid: STRING,
});
const ENVIRONMENT = { variables: { request: REQUEST }, returns: 'bool' } as const;

/** Which requests a webhook is asked about: an expression over the review that it would get. Throws CelError when it cannot be evaluated. */
export type MatchCondition = (request: object) => boolean;

/** Throws CelError when the expression is wrong. */
export function matchCondition(expression: string): MatchCondition {
  const program = compileCel(expression, ENVIRONMENT);
  return (request) => {
    try {
      return program.evaluate({ request }) === true;
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      throw new CelError(error.reason, `expression '${expression}' resulted in error: ${error.message}`);
    }
  };
}

const RESOURCE = { namespace: '', verb: '', group: '', version: '', resource: '', subresource: '', name: '' };

/** As expressions see it: what is not said of the user and the resource is empty, not absent. */
function seen({ user = '', groups = [], uid = '', extra = {}, resourceAttributes, nonResourceAttributes }: SubjectAccessReviewSpec) {
  return {
    user,
    groups,
    uid,
    extra,
    ...(resourceAttributes && { resourceAttributes: { ...RESOURCE, ...resourceAttributes } }),
    ...(nonResourceAttributes && { nonResourceAttributes: { path: '', verb: '', ...nonResourceAttributes } }),
  };
}

/** Do all conditions hold? One that does not decides; without one, any that cannot be evaluated makes the answer an error text. */
export function matchesAll(conditions: readonly MatchCondition[], spec: SubjectAccessReviewSpec): boolean | { readonly error: string } {
  if (conditions.length === 0) return true;
  const request = seen(spec);
  const errors: string[] = [];
  for (const holds of conditions) {
    try {
      if (!holds(request)) return false;
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      errors.push(error.message);
    }
  }
  if (errors.length === 0) return true;
  return { error: goAggregate(errors) };
}
