import { LRUCache } from 'lru-cache';
import { dns1123SubdomainFindings } from '../../api/meta/names.ts';
import { ApiError } from '../../api/meta/status.ts';
import type { AuthorizationAttributes, Authorizer, Credentials, UserInfo } from '../ports.ts';
import { forbiddenBy } from '../registry/authorize.ts';
import { extraHeaders } from './front-proxy.ts';
import { NODE_NAME, serviceAccountOf } from './service-account-user.ts';

const PREFIX = 'impersonate-';
const EXTRA_PREFIX = 'impersonate-extra-';
const AUTHENTICATION = 'authentication.k8s.io';
/** From this many groups, or values of extra fields, on, one permission for all of them is looked for first. */
const MANY = 4;

type Headers = NonNullable<Credentials['distinctHeaders']>;

/** Who the Impersonate-* headers ask to be. */
export interface Impersonated {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** Asked for every request: most have no such header. */
export function asksToImpersonate(headers: object): boolean {
  for (const name in headers) if (name.startsWith(PREFIX)) return true;
  return false;
}

/** undefined without such headers. Throws BadRequest when they name no user. */
export function impersonationIn(headers: Headers): Impersonated | undefined {
  const wanted: Impersonated = {
    name: headers['impersonate-user']?.[0] ?? '',
    uid: headers['impersonate-uid']?.[0] ?? '',
    groups: headers['impersonate-group'] ?? [],
    extra: extraHeaders(headers, [EXTRA_PREFIX]),
  };
  if (wanted.name) return wanted;
  if (!wanted.uid && wanted.groups.length === 0 && Object.keys(wanted.extra).length === 0) return undefined;
  throw new ApiError('BadRequest', `requested ${goText(wanted)} without impersonating a user name`);
}

/** Go's %#v of what was asked for: it stands in upstream's message. */
function goText({ name, uid, groups, extra }: Impersonated): string {
  const quoted = (values: readonly string[]) => values.map((value) => JSON.stringify(value)).join(', ');
  const list = (values: readonly string[]) => (values.length === 0 ? '[]string(nil)' : `[]string{${quoted(values)}}`);
  const entries = Object.entries(extra).map(([key, values]) => `${JSON.stringify(key)}:[]string{${quoted(values)}}`);
  const map = entries.length === 0 ? 'map[string][]string(nil)' : `map[string][]string{${entries.join(', ')}}`;
  return `&user.DefaultInfo{Name:${JSON.stringify(name)}, UID:${JSON.stringify(uid)}, Groups:${list(groups)}, Extra:${map}}`;
}

const nodeOf = (name: string): string | undefined => {
  const node = name.startsWith('system:node:') ? name.slice('system:node:'.length) : '';
  return node && dns1123SubdomainFindings(node).length === 0 ? node : undefined;
};

const isNameOnly = ({ uid, groups, extra }: Impersonated) => !uid && groups.length === 0 && Object.keys(extra).length === 0;

/** The ways of KEP-5284 to ask for less than being somebody altogether, in upstream's order, and for whom each is. */
const MODES: readonly { readonly mode: string; readonly fits: (wanted: Impersonated, user: UserInfo) => boolean }[] = [
  {
    mode: 'associated-node',
    fits: (wanted, user) => {
      const node = nodeOf(wanted.name);
      const own = user.extra?.[NODE_NAME];
      return isNameOnly(wanted) && node !== undefined && serviceAccountOf(user.name) !== undefined && own?.length === 1 && own[0] === node;
    },
  },
  { mode: 'arbitrary-node', fits: (wanted) => isNameOnly(wanted) && nodeOf(wanted.name) !== undefined },
  { mode: 'serviceaccount', fits: (wanted) => isNameOnly(wanted) && serviceAccountOf(wanted.name) !== undefined },
  { mode: 'user-info', fits: ({ name }) => nodeOf(name) === undefined && serviceAccountOf(name) === undefined },
];

/** Users of whom it is remembered how they last were let act as somebody. */
const REMEMBERED_USERS = 10_000;
const WITHOUT_CONSTRAINTS = MODES.length;

/** Gives the user that a request acts as. Throws Forbidden. */
export type Impersonate = (wanted: Impersonated, attributes: AuthorizationAttributes) => Promise<UserInfo>;

/**
 * First the constrained ways are tried, which need `impersonate:<mode>` on who is asked for and `impersonate-on:<mode>:<verb>` on what is asked; then the verb
 * `impersonate`, which lets everything through. The way that last led on for the user goes before all others. A refusal says what was missing first.
 * (Kubernetes: User Impersonation; KEP-5284.)
 */
export function impersonator(authorizer: Authorizer): Impersonate {
  const lastWays = new LRUCache<string, number>({ max: REMEMBERED_USERS });
  return async (wanted, attributes) => {
    const asker = attributes.user;
    const last = lastWays.get(asker.name);
    const order = [...MODES.keys(), WITHOUT_CONSTRAINTS];
    let refusal: unknown;
    for (const way of last === undefined ? order : [last, ...order.filter((each) => each !== last)]) {
      const constraint = MODES[way];
      if (constraint && !constraint.fits(wanted, asker)) continue;
      try {
        const user = constraint
          ? await constrained(constraint.mode, wanted, attributes, authorizer)
          : await unconstrained(wanted, asker, authorizer);
        lastWays.set(asker.name, way);
        return { ...user, impersonatedBy: asker };
      } catch (error) {
        refusal ??= error;
      }
    }
    throw refusal;
  };
}

async function constrained(mode: string, wanted: Impersonated, attributes: AuthorizationAttributes, authorizer: Authorizer) {
  const user = mode === 'associated-node' ? withoutExtra(attributes.user) : attributes.user;
  await demand(authorizer, { ...attributes, user, verb: `impersonate-on:${mode}:${attributes.verb}` });
  return become(wanted, { user, verb: `impersonate:${mode}`, mode, authorizer });
}

const unconstrained = (wanted: Impersonated, user: UserInfo, authorizer: Authorizer) =>
  become(wanted, { user, verb: 'impersonate', mode: undefined, authorizer });

/** A service account's extra fields differ from pod to pod; what it may be on its own node does not. */
const withoutExtra = (user: UserInfo): UserInfo => ({
  ...user,
  extra: { 'authentication.kubernetes.io/associated-node-keys': Object.keys(user.extra ?? {}).sort() },
});

async function demand(authorizer: Authorizer, attributes: AuthorizationAttributes): Promise<void> {
  const { allowed, reason, error } = await authorizer(attributes);
  if (!allowed) throw forbiddenBy(attributes, [error, reason].filter(Boolean).join(': '));
}

interface Way {
  readonly user: UserInfo;
  readonly verb: string;
  /** undefined: the way without constraints. */
  readonly mode: string | undefined;
  readonly authorizer: Authorizer;
}

async function become(wanted: Impersonated, way: Way): Promise<UserInfo> {
  const { name, uid, extra } = wanted;
  const may = (about: Partial<Wish> & Pick<Wish, 'resource' | 'name'>) => demand(way.authorizer, wish(way, about));
  await may(userWish(name, way));
  if (uid) await may({ group: AUTHENTICATION, resource: 'uids', name: uid });
  await checkGroups(wanted, way, may);
  await checkExtra(wanted, way, may);
  return {
    name,
    ...(uid && { uid }),
    groups: groupsOf(wanted, way),
    ...(Object.keys(extra).length > 0 && { extra }),
  };
}

type Wish = Extract<AuthorizationAttributes, { path?: undefined }>;
type May = (about: Partial<Wish> & Pick<Wish, 'resource' | 'name'>) => Promise<void>;

function wish({ user, verb, mode }: Way, about: Partial<Wish> & Pick<Wish, 'resource' | 'name'>): Wish {
  return { user, verb, group: mode === undefined ? '' : AUTHENTICATION, version: 'v1', subresource: '', namespace: '', ...about };
}

function userWish(name: string, { mode }: Way): Partial<Wish> & Pick<Wish, 'resource' | 'name'> {
  const account = serviceAccountOf(name);
  if (account) return { resource: 'serviceaccounts', ...account };
  const node = mode === undefined ? undefined : nodeOf(name);
  if (node === undefined) return { resource: 'users', name };
  return { resource: 'nodes', name: mode === 'associated-node' ? '*' : node };
}

async function checkGroups({ groups }: Impersonated, way: Way, may: May): Promise<void> {
  const refuse = (name: string, why: string) => forbiddenBy(wish(way, { resource: 'groups', name }), why);
  if (way.mode !== undefined) {
    if (groups.includes('')) throw refuse('', 'impersonating the empty string group is not allowed');
    if (groups.includes('system:masters')) throw refuse('system:masters', 'impersonating the system:masters group is not allowed');
    if (groups.length >= MANY && (await mayAll(() => may({ resource: 'groups', name: '*' })))) return;
  }
  for (const name of groups) await may({ resource: 'groups', name });
}

async function checkExtra({ extra }: Impersonated, way: Way, may: May): Promise<void> {
  const about = { group: AUTHENTICATION, resource: 'userextras' };
  const entries = Object.entries(extra);
  if (way.mode !== undefined) {
    const problem = entries.map(extraProblem).find(Boolean);
    if (problem) throw forbiddenBy(wish(way, { ...about, name: '' }), problem);
    const isLarge = entries.length >= MANY || entries.flatMap(([, values]) => values).length >= MANY;
    if (isLarge && (await mayAll(() => may({ ...about, subresource: '*', name: '*' })))) return;
  }
  for (const [subresource, values] of entries) for (const name of values) await may({ ...about, subresource, name });
}

async function mayAll(demandAll: () => Promise<void>): Promise<boolean> {
  try {
    await demandAll();
    return true;
  } catch {
    return false;
  }
}

function extraProblem([key, values]: [string, readonly string[]]): string | undefined {
  if (key === '') return 'impersonating the empty string key in extra is not allowed';
  const [domain = '', ...path] = key.split('/');
  if (path.join('/') === '' || dns1123SubdomainFindings(domain).length > 0) {
    return `impersonating an invalid key in extra is not allowed: extra.key: Invalid value: ${JSON.stringify(key)}: must be a domain-prefixed path (such as "acme.io/foo")`;
  }
  if (key !== key.toLowerCase()) return `impersonating a non-lowercase key in extra is not allowed: ${JSON.stringify(key)}`;
  if (values.length === 0) return 'impersonating empty values in extra is not allowed';
  return values.includes('') ? 'impersonating the empty string value in extra is not allowed' : undefined;
}

/** The groups that come with being such a user when none were asked for, as upstream adds them. */
function groupsOf({ name, groups }: Impersonated, { mode }: Way): readonly string[] {
  const account = serviceAccountOf(name);
  const isNode = mode !== undefined && nodeOf(name) !== undefined;
  const implied = account && groups.length === 0 ? ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`] : groups;
  const own = isNode ? ['system:nodes'] : implied;
  if (name === 'system:anonymous') return [...new Set([...own, 'system:unauthenticated'])];
  return own.includes('system:unauthenticated') || own.includes('system:authenticated') ? own : [...own, 'system:authenticated'];
}
