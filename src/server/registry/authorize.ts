import { parseFieldSelector } from '../../api/meta/selectors.ts';
import { ApiError, qualifiedResource } from '../../api/meta/status.ts';
import type { ApiRequest } from '../../api/transport.ts';
import type { AuthorizationAttributes, AuthorizationDecision, Authorizer, UserInfo } from '../ports.ts';

export const attributesOf = (user: UserInfo, request: ApiRequest): AuthorizationAttributes => ({
  user,
  verb: request.verb,
  group: request.group,
  version: request.version,
  resource: request.resource,
  subresource: request.subresource ?? '',
  namespace: request.namespace ?? '',
  name: request.name ?? selectedName(request),
});

/** A list or watch of one object by `metadata.name` is authorized as that object's, as upstream does: agents read secrets this way. */
function selectedName({ verb, options }: ApiRequest): string {
  if (verb !== 'list' && verb !== 'watch' && verb !== 'deletecollection') return '';
  if (!options?.fieldSelector?.includes('metadata.name')) return '';
  const named = parseFieldSelector(options.fieldSelector).find(({ field, op }) => field === 'metadata.name' && op === '=');
  return named?.value ?? '';
}

/** Throws Forbidden, worded as upstream words it, unless the authorizer allows the request. `decided` is told either way. */
export async function authorize(
  authorizer: Authorizer,
  attributes: AuthorizationAttributes,
  decided?: (decision: AuthorizationDecision) => void,
): Promise<void> {
  const asked = authorizer(attributes);
  const decision = asked instanceof Promise ? await asked : asked;
  const { allowed, reason } = decision;
  decided?.(decision);
  if (allowed) return;
  const because = reason ? `: ${reason}` : '';
  const who = JSON.stringify(attributes.user.name);
  if (attributes.path !== undefined) {
    const message = `forbidden: User ${who} cannot ${attributes.verb} path ${JSON.stringify(attributes.path)}${because}`;
    throw new ApiError('Forbidden', message, { details: {} });
  }
  const { group, resource, subresource, namespace, name, verb } = attributes;
  const where = namespace ? `in the namespace ${JSON.stringify(namespace)}` : 'at the cluster scope';
  const what = JSON.stringify(subresource ? `${resource}/${subresource}` : resource);
  const subject = `${qualifiedResource(resource, group)}${name ? ` ${JSON.stringify(name)}` : ''}`;
  const message = `${subject} is forbidden: User ${who} cannot ${verb} resource ${what} in API group ${JSON.stringify(group)} ${where}${because}`;
  throw new ApiError('Forbidden', message, { details: { ...(name && { name }), ...(group && { group }), kind: resource } });
}
