import { invalid, invalidObject } from '../../api/meta/field-error.ts';
import { ApiError } from '../../api/meta/status.ts';
import type {
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

function attributesOf(user: UserInfo, { resourceAttributes: r, nonResourceAttributes: n }: Asked): AuthorizationAttributes {
  if (n) return { user, verb: n.verb ?? '', path: n.path ?? '' };
  const { verb = '', group = '', version = '', resource = '', subresource = '', namespace = '', name = '' } = r ?? {};
  return { user, verb, group, version, resource, subresource, namespace, name };
}

function checkAsked(kind: string, spec: Asked | undefined): Asked {
  const { resourceAttributes, nonResourceAttributes } = spec ?? {};
  if (resourceAttributes && nonResourceAttributes) {
    const detail = 'cannot be specified in combination with resourceAttributes';
    throw invalidObject(kind, GROUP, '', [invalid('spec.nonResourceAttributes', nonResourceAttributes, detail)]);
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    const detail = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    throw invalidObject(kind, GROUP, '', [invalid('spec.resourceAttributes', resourceAttributes, detail)]);
  }
  return { resourceAttributes, nonResourceAttributes };
}

function userOf(kind: string, spec: SubjectAccessReviewSpec): UserInfo {
  if (!spec.user && !spec.groups?.length) {
    throw invalidObject(kind, GROUP, '', [invalid('spec.user', spec.user ?? '', 'at least one of user or group must be specified')]);
  }
  return { name: spec.user ?? '', groups: spec.groups ?? [], ...(spec.uid && { uid: spec.uid }), ...(spec.extra && { extra: spec.extra }) };
}

async function decide(authorizer: Authorizer, attributes: AuthorizationAttributes): Promise<object> {
  const { allowed, reason } = await authorizer(attributes);
  return { allowed, ...(reason && { reason }) };
}

/** SubjectAccessReview, LocalSubjectAccessReview and SelfSubjectAccessReview (`kubectl auth can-i`). */
export function accessReviews(authorizer: Authorizer): Record<string, VirtualHandler> {
  const about = async (request: ApiRequest, kind: string, review: SubjectAccessReview) => {
    const asked = checkAsked(kind, review.spec);
    return answer(request, kind, review, await decide(authorizer, attributesOf(userOf(kind, review.spec), asked)));
  };
  return {
    [`subjectaccessreviews.${GROUP}`]: (request) => about(request, 'SubjectAccessReview', bodyOf<SubjectAccessReview>(request)),
    [`localsubjectaccessreviews.${GROUP}`]: async (request) => {
      const review = bodyOf<LocalSubjectAccessReview>(request);
      if ((review.spec?.resourceAttributes?.namespace ?? '') !== (request.namespace ?? '')) {
        throw new ApiError('BadRequest', 'spec.resourceAttributes.namespace must match namespace');
      }
      return about(request, 'LocalSubjectAccessReview', review);
    },
    [`selfsubjectaccessreviews.${GROUP}`]: async (request, { user }) => {
      const review = bodyOf<SelfSubjectAccessReview>(request);
      const asked = checkAsked('SelfSubjectAccessReview', review.spec);
      return answer(request, 'SelfSubjectAccessReview', review, await decide(authorizer, attributesOf(user, asked)));
    },
  };
}
