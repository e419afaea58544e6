import { type FieldError, invalid, invalidObject, required } from '../../api/meta/field-error.ts';
import { labelValueFindings } from '../../api/meta/names.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { type FieldRequirement, type LabelRequirement, parseFieldSelector, parseLabelRequirements } from '../../api/meta/selectors.ts';
import { checkOperands, checkQualifiedName, found, same } from '../../api/meta/validation.ts';
import type {
  FieldSelectorAttributes,
  FieldSelectorRequirement,
  LabelSelectorAttributes,
  LocalSubjectAccessReview,
  NonResourceAttributes,
  ResourceAttributes,
  SelfSubjectAccessReview,
  SubjectAccessReview,
  SubjectAccessReviewSpec,
} from '../../api/schema/generated/types.ts';
import type { ApiRequest } from '../../api/transport.ts';
import type { AuthorizationAttributes, Authorizer, UserInfo } from '../ports.ts';
import { answer, bodyOf, type VirtualHandler } from './review.ts';

const GROUP = 'authorization.k8s.io';
interface Asked {
  readonly resourceAttributes?: ResourceAttributes;
  readonly nonResourceAttributes?: NonResourceAttributes;
}

/** What is asked, and which parts of its selectors could not be used: they narrow nothing then, and the answer says so. */
interface Question {
  readonly attributes: AuthorizationAttributes;
  readonly errors: readonly string[];
}

function questionOf(user: UserInfo, { resourceAttributes: r, nonResourceAttributes: n }: Asked): Question {
  if (n) return { attributes: { user, verb: n.verb ?? '', path: n.path ?? '' }, errors: [] };
  const { verb = '', group = '', version = '', resource = '', subresource = '', namespace = '', name = '' } = r ?? {};
  const [fields, labels] = [fieldsOf(r?.fieldSelector), labelsOf(r?.labelSelector)];
  const errors = [...ignored('fieldSelector', fields), ...ignored('labelSelector', labels)];
  const about = { user, verb, group, version, resource, subresource, namespace, name };
  return { attributes: { ...about, fields: fields.usable, labels: labels.usable }, errors };
}

/** The parts of a selector that can be used, and what is wrong with the others. */
interface Selector<T> {
  readonly usable: readonly T[];
  readonly problems: readonly string[];
}

function ignored(field: string, { usable, problems }: Selector<unknown>): string[] {
  if (problems.length === 0) return [];
  return [`spec.resourceAttributes.${field} ${usable.length > 0 ? 'partially ' : ''}ignored due to parse error`];
}

function parsed<T>(parse: () => readonly T[]): Selector<T> {
  try {
    return { usable: parse(), problems: [] };
  } catch (error) {
    return { usable: [], problems: [error instanceof Error ? error.message : String(error)] };
  }
}

/** Each requirement as `read` has it: a text says what is wrong with it. */
function collected<R, T extends object>(requirements: readonly R[], read: (requirement: R) => T | string): Selector<T> {
  const all = requirements.map(read);
  return { usable: all.filter((each) => typeof each === 'object'), problems: all.filter((each) => typeof each === 'string') };
}

function fieldsOf(selector: FieldSelectorAttributes | undefined): Selector<FieldRequirement> {
  const { rawSelector, requirements = [] } = selector ?? {};
  if (rawSelector) return parsed(() => parseFieldSelector(rawSelector));
  return collected(requirements, ({ key, operator, values = [] }): FieldRequirement | string => {
    const [value = ''] = values;
    switch (operator) {
      case 'In':
        return values.length === 1 ? { field: key, op: '=', value } : 'fieldSelectors in must have one value';
      case 'NotIn':
        return values.length === 1 ? { field: key, op: '!=', value } : 'fieldSelectors not in must have one value';
      case 'Exists':
      case 'DoesNotExist':
        return `fieldSelectors do not yet support ${operator}`;
      default:
        return `${JSON.stringify(operator)} is not a valid field selector operator`;
    }
  });
}

const LABEL_OPERATORS: Readonly<Record<string, LabelRequirement['operator']>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
};

function labelsOf(selector: LabelSelectorAttributes | undefined): Selector<LabelRequirement> {
  const { rawSelector, requirements = [] } = selector ?? {};
  if (rawSelector) return parsed(() => parseLabelRequirements(rawSelector));
  return collected(requirements, ({ key, operator, values = [] }): LabelRequirement | string => {
    const known = LABEL_OPERATORS[operator];
    return known ? { key, operator: known, values } : `${JSON.stringify(operator)} is not a valid label selector operator`;
  });
}

type Requirement = Partial<FieldSelectorRequirement>;
type CheckRequirement = (path: string, requirement: Requirement) => FieldError[];

/** Operators that nobody knows may be those of a newer client: they narrow nothing. */
const checkFieldRequirement: CheckRequirement = (path, { key, operator = '', values = [] }) => [
  ...(key ? [] : [required(`${path}.key`, 'must be specified')]),
  ...checkOperands(path, operator, values),
];

const checkLabelRequirement: CheckRequirement = (path, { key = '', operator = '', values = [] }) => [
  ...checkOperands(path, operator, values),
  ...checkQualifiedName(`${path}.key`, key),
  ...values.flatMap((value, i) => found(`${path}.values[${i}]`, value, labelValueFindings(value))),
];

/** Either the text or its parts, never both, and not neither. */
function checkSelector(
  path: string,
  selector: { readonly rawSelector?: string; readonly requirements?: readonly Requirement[] } | undefined,
  check: CheckRequirement,
): FieldError[] {
  if (!selector) return [];
  const { rawSelector = '', requirements = [] } = selector;
  const errors = requirements.flatMap((requirement, i) => check(`${path}.requirements[${i}]`, requirement));
  if (rawSelector && requirements.length > 0) {
    return [invalid(`${path}.rawSelector`, rawSelector, 'may not specified at the same time as requirements'), ...errors];
  }
  if (!rawSelector && requirements.length === 0) {
    return [required(`${path}.requirements`, `when ${path} is specified, requirements or rawSelector is required`)];
  }
  return errors;
}

/** A review is no object: it has no name, and nothing else of one. */
function checkMetadata({ metadata = {} }: KubeObject, detail = 'must be empty', { namespace = '' } = {}): FieldError[] {
  const { managedFields: _, ...others } = metadata;
  return same(others, namespace ? { namespace } : {}) ? [] : [invalid('metadata', metadata, detail)];
}

interface Further {
  readonly user?: readonly FieldError[];
  readonly metadata: readonly FieldError[];
}

/** Upstream's errors leave out which kind of review it was. */
function checkAsked(spec: Asked | undefined, { user = [], metadata }: Further): Asked {
  const { resourceAttributes, nonResourceAttributes } = spec ?? {};
  const errors: FieldError[] = [];
  if (resourceAttributes && nonResourceAttributes) {
    const detail = 'cannot be specified in combination with resourceAttributes';
    errors.push(invalid('spec.nonResourceAttributes', nonResourceAttributes, detail));
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    const detail = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    errors.push(invalid('spec.resourceAttributes', resourceAttributes, detail));
  }
  errors.push(
    ...user,
    ...checkSelector('spec.resourceAttributes.fieldSelector', resourceAttributes?.fieldSelector, checkFieldRequirement),
    ...checkSelector('spec.resourceAttributes.labelSelector', resourceAttributes?.labelSelector, checkLabelRequirement),
    ...metadata,
  );
  if (errors.length > 0) throw invalidObject('', GROUP, '', errors);
  return { resourceAttributes, nonResourceAttributes };
}

/** As upstream shows its internal type. */
const shownPath = ({ path = '', verb = '' }: NonResourceAttributes) => ({ Path: path, Verb: verb });

/** What is asked must be about the namespace of the request. */
function checkLocal(review: LocalSubjectAccessReview, namespace: string): FieldError[] {
  const { nonResourceAttributes, resourceAttributes: { namespace: asked = '' } = { namespace } } = review.spec ?? {};
  const own = review.metadata?.namespace ?? '';
  return [
    ...checkMetadata(review, 'must be empty except for namespace', { namespace: own }),
    ...(asked === namespace ? [] : [invalid('spec.resourceAttributes.namespace', asked, 'must match metadata.namespace')]),
    ...(nonResourceAttributes
      ? [invalid('spec.nonResourceAttributes', shownPath(nonResourceAttributes), 'disallowed on this kind of request')]
      : []),
  ];
}

const checkUser = ({ user, groups }: SubjectAccessReviewSpec): FieldError[] =>
  user || groups?.length ? [] : [invalid('spec.user', user ?? '', 'at least one of user or group must be specified')];

const userOf = (spec: SubjectAccessReviewSpec): UserInfo => ({
  name: spec.user ?? '',
  groups: spec.groups ?? [],
  ...(spec.uid && { uid: spec.uid }),
  ...(spec.extra && { extra: spec.extra }),
});

async function decide(authorizer: Authorizer, { attributes, errors }: Question): Promise<object> {
  const { allowed, denied, reason, error } = await authorizer(attributes);
  const problems = [...(error ? [error] : []), ...errors];
  const evaluationError = problems.join('; ');
  return { allowed, ...(denied && { denied }), ...(reason && { reason }), ...(evaluationError && { evaluationError }) };
}

/** SubjectAccessReview, LocalSubjectAccessReview and SelfSubjectAccessReview (`kubectl auth can-i`). */
export function accessReviews(authorizer: Authorizer): Record<string, VirtualHandler> {
  const about = async (request: ApiRequest, kind: string, review: SubjectAccessReview, metadata = checkMetadata(review)) => {
    const asked = checkAsked(review.spec, { user: checkUser(review.spec ?? {}), metadata });
    return answer(request, kind, review, await decide(authorizer, questionOf(userOf(review.spec), asked)));
  };
  return {
    [`subjectaccessreviews.${GROUP}`]: (request) => about(request, 'SubjectAccessReview', bodyOf<SubjectAccessReview>(request)),
    [`localsubjectaccessreviews.${GROUP}`]: async (request) => {
      const review = bodyOf<LocalSubjectAccessReview>(request);
      return about(request, 'LocalSubjectAccessReview', review, checkLocal(review, request.namespace ?? ''));
    },
    [`selfsubjectaccessreviews.${GROUP}`]: async (request, { user }) => {
      const review = bodyOf<SelfSubjectAccessReview>(request);
      const asked = checkAsked(review.spec, { metadata: checkMetadata(review) });
      return answer(request, 'SelfSubjectAccessReview', review, await decide(authorizer, questionOf(user, asked)));
    },
  };
}
