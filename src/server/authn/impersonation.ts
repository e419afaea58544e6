import { ApiError, qualifiedResource } from '../../api/meta/status.ts';
import type { Authorizer, Credentials, UserInfo } from '../ports.ts';

const EXTRA_PREFIX = 'impersonate-extra-';
const AUTHENTICATION = 'authentication.k8s.io';

interface Wish {
  readonly resource: string;
  readonly group: string;
  readonly namespace?: string;
  readonly subresource?: string;
  readonly name: string;
}

/** Who the Impersonate-* headers ask to be, or undefined without them. */
interface Impersonated {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

function headerValues(credentials: Credentials, name: string): readonly string[] {
  const distinct = credentials.distinctHeaders?.[name];
  if (distinct) return distinct;
  const value = credentials.header(name);
  return value === undefined ? [] : value.split(',').map((part) => part.trim());
}

function decodeExtraKey(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function read(credentials: Credentials): Impersonated | undefined {
  const extra: Record<string, readonly string[]> = {};
  for (const [header, values] of Object.entries(credentials.distinctHeaders ?? {})) {
    if (header.startsWith(EXTRA_PREFIX) && values) extra[decodeExtraKey(header.slice(EXTRA_PREFIX.length))] = values;
  }
  const wanted = {
    name: credentials.header('impersonate-user') ?? '',
    uid: credentials.header('impersonate-uid') ?? '',
    groups: headerValues(credentials, 'impersonate-group').filter(Boolean),
    extra,
  };
  if (wanted.name) return wanted;
  if (wanted.uid || wanted.groups.length > 0 || Object.keys(extra).length > 0) {
    throw new ApiError('InternalError', 'requested other attributes without impersonating a user');
  }
  return undefined;
}

const serviceAccountName = (name: string): { namespace: string; name: string } | undefined => {
  const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name) ?? [];
  return namespace && account ? { namespace, name: account } : undefined;
};

function wishes({ name, uid, groups, extra }: Impersonated): Wish[] {
  const account = serviceAccountName(name);
  return [
    account ? { resource: 'serviceaccounts', group: '', ...account } : { resource: 'users', group: '', name },
    ...groups.map((group) => ({ resource: 'groups', group: '', name: group })),
    ...(uid ? [{ resource: 'uids', group: AUTHENTICATION, name: uid }] : []),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((value) => ({ resource: 'userextras', subresource: key, group: AUTHENTICATION, name: value })),
    ),
  ];
}

/** The groups that come with being such a user when none were asked for, as upstream adds them. */
function groupsOf({ name, groups }: Impersonated): readonly string[] {
  const account = serviceAccountName(name);
  const implied = account && groups.length === 0 ? ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`] : groups;
  if (name === 'system:anonymous') return [...new Set([...implied, 'system:unauthenticated'])];
  return implied.includes('system:unauthenticated') ? implied : [...new Set([...implied, 'system:authenticated'])];
}

/** The user that the request acts as, or undefined when it does not impersonate. Throws Forbidden. (Kubernetes: User Impersonation.) */
export async function impersonate(user: UserInfo, credentials: Credentials, authorizer: Authorizer): Promise<UserInfo | undefined> {
  const wanted = read(credentials);
  if (!wanted) return undefined;
  for (const wish of wishes(wanted)) {
    const attributes = { namespace: '', subresource: '', version: 'v1', ...wish, user, verb: 'impersonate' };
    const decision = await authorizer(attributes);
    if (!decision.allowed) throw forbidden(user, attributes, decision.reason);
  }
  return {
    name: wanted.name,
    ...(wanted.uid && { uid: wanted.uid }),
    groups: groupsOf(wanted),
    ...(Object.keys(wanted.extra).length > 0 && { extra: wanted.extra }),
    impersonatedBy: user,
  };
}

function forbidden(user: UserInfo, wish: Required<Wish>, reason: string): ApiError {
  const resource = wish.subresource ? `${wish.resource}/${wish.subresource}` : wish.resource;
  const scope = wish.namespace ? `in the namespace "${wish.namespace}"` : 'at the cluster scope';
  const subject = `${qualifiedResource(wish.resource, wish.group)} "${wish.name}" is forbidden`;
  const why = `User "${user.name}" cannot impersonate resource "${resource}" in API group "${wish.group}" ${scope}`;
  return new ApiError('Forbidden', `${subject}: ${why}${reason ? `: ${reason}` : ''}`, {
    details: { name: wish.name, ...(wish.group && { group: wish.group }), kind: wish.resource },
  });
}
