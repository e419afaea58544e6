import { goAggregate } from '../../base/go-aggregate.ts';
import { unreachable } from '../../base/unreachable.ts';
import type { AuthorizationAttributes, AuthorizationDecision, Authorizer, ObjectReader } from '../ports.ts';
import { nodeAuthorizer } from './node.ts';
import { openRbac, type Rbac } from './rbac.ts';
import { type WebhookAuthorization, type WebhookTools, webhookAuthorizer } from './webhook.ts';

/** Who is asked, in order; names are those of --authorization-mode. */
export type AuthorizationMode =
  | { readonly mode: 'Node' | 'RBAC' | 'AlwaysAllow' | 'AlwaysDeny' }
  | { readonly mode: 'Webhook'; readonly webhook: WebhookAuthorization };

export const DEFAULT_MODES: readonly AuthorizationMode[] = [{ mode: 'Node' }, { mode: 'RBAC' }];

export interface AuthorizerChain extends Disposable {
  readonly authorizer: Authorizer;
  readonly rbac: Rbac;
  /** Why SelfSubjectRulesReview cannot list everything: some of those who decide know no rules. */
  unlisted(): readonly string[];
  /** Others decide from now on. Those of the start stay among them, and none but webhooks may come. Throws an Error otherwise, and changes nothing. */
  reconfigure(modes: readonly AuthorizationMode[]): void;
}

const PRIVILEGED_GROUP = 'system:masters';
const ALLOWED: AuthorizationDecision = { allowed: true, reason: '' };
const ALWAYS_DENIED: AuthorizationDecision = { allowed: false, reason: 'Everything is forbidden.' };

/** The group system:masters may do everything; then each mode is asked in turn until one allows or denies. Who is allowed by none is denied. */
export function openAuthorizers(
  reader: ObjectReader,
  { modes = DEFAULT_MODES, webhookTools }: { modes?: readonly AuthorizationMode[]; webhookTools?: WebhookTools } = {},
): AuthorizerChain {
  const rbac = openRbac(reader);
  const first = new Set(modes.map(({ mode }) => mode).filter((mode) => mode !== 'Webhook'));
  const node = first.has('Node') ? nodeAuthorizer(reader) : undefined;
  let current = modes;
  let authorizers = modes.map((each) => authorizerOf(each, { node, rbac, webhookTools }));
  return {
    rbac,
    unlisted: () => (current.some(({ mode }) => mode === 'Webhook') ? ['webhook authorizer does not support user rule resolution'] : []),
    reconfigure(next) {
      checkModes(first, next);
      authorizers = next.map((each) => authorizerOf(each, { node, rbac, webhookTools }));
      current = next;
    },
    authorizer: (attributes) => (attributes.user.groups.includes(PRIVILEGED_GROUP) ? ALLOWED : ask(authorizers, attributes, 0, [])),
    [Symbol.dispose]: () => rbac[Symbol.dispose](),
  };
}

/** Throws an Error in upstream's words. */
function checkModes(first: ReadonlySet<AuthorizationMode['mode']>, next: readonly AuthorizationMode[]): void {
  const named = new Set(next.map(({ mode }) => mode));
  const missing = [...first].filter((mode) => !named.has(mode)).sort();
  if (missing.length > 0) throw new Error(`missing required types: [${missing.join(' ')}]`);
  const late = [...named].find((mode) => (mode === 'Node' || mode === 'RBAC') && !first.has(mode));
  if (late) throw new Error(`authorizer type ${late} is not allowed if it was not enabled at initial server startup`);
}

function authorizerOf(
  each: AuthorizationMode,
  { node, rbac, webhookTools }: { node: Authorizer | undefined; rbac: Rbac; webhookTools: WebhookTools | undefined },
): Authorizer {
  switch (each.mode) {
    case 'Node':
      if (!node) throw new Error('the node authorizer was not opened');
      return node;
    case 'RBAC':
      return rbac.authorize;
    case 'AlwaysAllow':
      return () => ALLOWED;
    case 'AlwaysDeny':
      return () => ALWAYS_DENIED;
    case 'Webhook':
      if (!webhookTools) throw new Error('an authorization webhook needs an HTTPS client');
      return webhookAuthorizer(each.webhook, webhookTools);
    default:
      return unreachable(each);
  }
}

/** Without a promise as long as nobody who is asked needs one: requests that no webhook decides wait for nothing. */
function ask(
  authorizers: readonly Authorizer[],
  attributes: AuthorizationAttributes,
  from: number,
  before: readonly AuthorizationDecision[],
): AuthorizationDecision | Promise<AuthorizationDecision> {
  const refusals = [...before];
  for (let at = from; at < authorizers.length; at += 1) {
    const decision = authorizers[at]?.(attributes);
    if (decision instanceof Promise) {
      return decision.then((late) => (isFinal(late) ? late : ask(authorizers, attributes, at + 1, [...refusals, late])));
    }
    if (!decision) continue;
    if (isFinal(decision)) return decision;
    refusals.push(decision);
  }
  const errors = refusals.flatMap(({ error }) => error ?? []);
  const reason = refusals
    .map((refusal) => refusal.reason)
    .filter(Boolean)
    .join('\n');
  return { allowed: false, reason, ...(errors.length > 0 && { error: goAggregate(errors) }) };
}

const isFinal = ({ allowed, denied }: AuthorizationDecision): boolean => allowed || denied === true;
