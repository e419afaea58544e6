import { parseFieldSelector, parseLabelRequirements } from '../../api/meta/selectors.ts';
import { ApiError, qualifiedResource } from '../../api/meta/status.ts';
import type { ApiRequest, RequestOptions } from '../../api/transport.ts';
import type { AuthorizationAttributes, AuthorizationDecision, Authorizer, UserInfo } from '../ports.ts';

export function attributesOf(user: UserInfo, request: ApiRequest): AuthorizationAttributes {
  const { verb, group, version, resource, subresource = '', namespace = '', name = '', options } = request;
  const about = { user, verb, group, version, resource, subresource, namespace, name };
  if (!options?.fieldSelector && !options?.labelSelector) return about;
  return verb === 'list' || verb === 'watch' || verb === 'deletecollection' ? narrowed(about, options) : about;
}

/**
 * The selectors of a request, for who decides by them. A list or watch of one object by `metadata.name` is that object's, as upstream has it: agents read
 * secrets this way.
 */
function narrowed<T extends { readonly name: string }>(about: T, { fieldSelector = '', labelSelector = '' }: RequestOptions) {
  const fields = readable(() => parseFieldSelector(fieldSelector));
  const labels = readable(() => parseLabelRequirements(labelSelector));
  const name = about.name || (fields.find(({ field, op }) => field === 'metadata.name' && op === '=')?.value ?? '');
  return { ...about, name, ...(fields.length > 0 && { fields }), ...(labels.length > 0 && { labels }) };
}

/** The registry refuses a selector that cannot be read; here it narrows nothing. */
function readable<T>(parse: () => readonly T[]): readonly T[] {
  try {
    return parse();
  } catch {
    return [];
  }
}

/** Upstream writes no text of a request back that a browser could take for HTML. */
const plain = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** What a request was refused for before anybody looked at what it brings. */
export class AuthorizationRefused extends ApiError {}

/** The refusal of what the attributes say, worded as upstream words it. */
export function forbiddenBy(attributes: AuthorizationAttributes, reason: string): AuthorizationRefused {
  const because = reason ? `: ${reason}` : '';
  const who = JSON.stringify(attributes.user.name);
  if (attributes.path !== undefined) {
    const message = plain(`User ${who} cannot ${attributes.verb} path ${JSON.stringify(attributes.path)}`);
    return new AuthorizationRefused('Forbidden', `forbidden: ${message}${because}`, { details: {} });
  }
  const { group, resource, subresource, namespace, name, verb } = attributes;
  const where = namespace ? `in the namespace ${JSON.stringify(namespace)}` : 'at the cluster scope';
  const what = JSON.stringify(subresource ? `${resource}/${subresource}` : resource);
  const subject = `${qualifiedResource(resource, group)}${name ? ` ${JSON.stringify(name)}` : ''}`;
  const message = plain(`User ${who} cannot ${verb} resource ${what} in API group ${JSON.stringify(group)} ${where}`);
  return new AuthorizationRefused('Forbidden', `${subject} is forbidden: ${message}${because}`, {
    details: { ...(name && { name }), ...(group && { group }), kind: resource },
  });
}

/** Throws Forbidden unless the authorizer allows the request; InternalError when it could not decide. `decided` is told either way. */
export async function authorize(
  authorizer: Authorizer,
  attributes: AuthorizationAttributes,
  decided?: (decision: AuthorizationDecision) => void,
): Promise<void> {
  const asked = authorizer(attributes);
  const decision = asked instanceof Promise ? await asked : asked;
  const { allowed, reason, error } = decision;
  decided?.(decision);
  if (allowed) return;
  if (error) throw new ApiError('InternalError', `Internal error occurred: ${error}`, { details: { causes: [{ message: error }] } });
  throw forbiddenBy(attributes, reason);
}

/** What runs something in a pod: it is opened by GET (WebSocket) as by POST, and needs `create` either way (KEP-4006). */
const NEED_CREATE = new Set(['exec', 'attach', 'portforward']);

/** Of a stream that is opened. Throws as `authorize`. */
export async function authorizeOpening(
  authorizer: Authorizer,
  { user, request }: { readonly user: UserInfo; readonly request: ApiRequest },
  decided?: (decision: AuthorizationDecision) => void,
): Promise<void> {
  if (request.verb !== 'get' || !NEED_CREATE.has(request.subresource ?? '')) return;
  await authorize(authorizer, attributesOf(user, { ...request, verb: 'create' }), decided);
}
