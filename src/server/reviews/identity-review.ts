import type { KubeObject } from '../../api/meta/object.ts';
import { ApiError } from '../../api/meta/status.ts';
import type { PolicyRule, SelfSubjectRulesReview, TokenReview } from '../../api/schema/generated/types.ts';
import { type Clock, rfc3339 } from '../../base/clock.ts';
import type { TokenSource } from '../authn/token-source.ts';
import { nodeNameOf } from '../authz/node.ts';
import type { Rbac } from '../authz/rbac.ts';
import type { UserInfo } from '../ports.ts';
import { answer, bodyOf, type VirtualHandler } from './review.ts';

const show = ({ name, uid, groups, extra }: UserInfo) => ({ username: name, ...(uid && { uid }), groups, ...(extra && { extra }) });

/** TokenReview: whom a token stands for, for webhooks and aggregated servers. */
export const tokenReview =
  (authenticate: TokenSource, apiAudiences: readonly string[]): VirtualHandler =>
  async (request) => {
    const review = bodyOf<TokenReview>(request);
    const token = review.spec?.token;
    if (!token) throw new ApiError('BadRequest', 'token is required for TokenReview in authentication');
    const found = await authenticate(token, review.spec.audiences?.length ? review.spec.audiences : apiAudiences);
    const status =
      found && 'user' in found
        ? { authenticated: true, user: show(found.user), audiences: found.audiences }
        : { user: {}, error: found?.error ?? 'invalid bearer token' };
    return answer(request, 'TokenReview', review, status);
  };

/** SelfSubjectReview: `kubectl auth whoami`. */
export const selfSubjectReview =
  (clock: Clock): VirtualHandler =>
  async (request, { user }) =>
    answer(request, 'SelfSubjectReview', { metadata: { creationTimestamp: rfc3339(clock.now()) } }, { userInfo: show(user) });

/** What was asked is not said again. */
const NOTHING_ECHOED = { spec: {} } as KubeObject;

const resourceRule = ({ verbs, apiGroups, resources, resourceNames }: PolicyRule) => ({
  verbs,
  apiGroups,
  resources,
  ...(resourceNames?.length && { resourceNames }),
});

/** SelfSubjectRulesReview: `kubectl auth can-i --list`. What the node authorizer grants cannot be listed, and the answer says so. */
export const selfSubjectRulesReview =
  (rbac: Rbac, unlisted: () => readonly string[] = () => []): VirtualHandler =>
  async (request, { user }) => {
    const review = bodyOf<SelfSubjectRulesReview>(request);
    const namespace = review.spec?.namespace;
    if (!namespace) throw new ApiError('BadRequest', 'no namespace on request');
    const { rules, errors } = rbac.rulesFor(user, namespace);
    const isNode = nodeNameOf(user) !== undefined;
    const problems = [...(isNode ? ['node authorizer does not support user rule resolution'] : []), ...errors, ...unlisted()];
    return answer(request, 'SelfSubjectRulesReview', NOTHING_ECHOED, {
      resourceRules: rules.filter((rule) => rule.resources?.length).map(resourceRule),
      nonResourceRules: rules
        .filter((rule) => rule.nonResourceURLs?.length)
        .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
      incomplete: problems.length > 0,
      ...(problems.length > 0 && { evaluationError: problems.join(', ') }),
    });
  };
