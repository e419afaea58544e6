import type { Registry } from 'prom-client';
import type { Clock } from '../../base/clock.ts';
import { Distribution, doubling } from '../../base/distribution.ts';
import type { AuthorizationDecision, Authorizer, UserInfo } from '../ports.ts';
import { countsOf, Family, histogramsOf, registerValues, type Value } from './metric-values.ts';

/** Upstream's buckets. */
const SECONDS = doubling(0.001, 15);

type Asks<T> = (subject: T) => Promise<UserInfo> | UserInfo;

export interface AccessMetrics {
  /** The same, observed. */
  authenticates<T>(authenticate: Asks<T>): Asks<T>;
  authorizes(authorizer: Authorizer): Authorizer;
  handshakeFailed(): void;
}

/** What came of asking, by upstream's words for it. */
type Outcomes = Family<Distribution>;
const newOutcomes = (): Outcomes => new Family(() => new Distribution(SECONDS));
const took = (outcomes: Outcomes, result: string, seconds: number): void =>
  (outcomes.find(result) ?? outcomes.of(result, () => ({ result }))).observe(seconds);

/** Upstream's metrics of who asks and whether they may (apiserver, endpoints/filters). */
export function accessMetrics(registry: Registry, clock: Clock): AccessMetrics {
  const [authentications, authorizations] = [newOutcomes(), newOutcomes()];
  const users = new Map<string, number>();
  let handshakeErrors = 0;
  register(registry, { authentications, authorizations, users, handshakeErrors: () => handshakeErrors });
  const since = (startedMs: number) => (clock.monotonic() - startedMs) / 1000;
  const known = (user: UserInfo, startedMs: number): UserInfo => {
    const group = groupOfUsers(user.name);
    users.set(group, (users.get(group) ?? 0) + 1);
    took(authentications, 'success', since(startedMs));
    return user;
  };
  const settled = async (asked: Promise<UserInfo>, startedMs: number): Promise<UserInfo> => {
    try {
      return known(await asked, startedMs);
    } catch (error) {
      took(authentications, 'error', since(startedMs));
      throw error;
    }
  };
  const decided = (decision: AuthorizationDecision, startedMs: number): AuthorizationDecision => {
    took(authorizations, resultOf(decision), since(startedMs));
    return decision;
  };
  return {
    authenticates: (authenticate) => (subject) => {
      const startedMs = clock.monotonic();
      const asked = authenticate(subject);
      return asked instanceof Promise ? settled(asked, startedMs) : known(asked, startedMs);
    },
    authorizes: (authorizer) => (attributes) => {
      const startedMs = clock.monotonic();
      const asked = authorizer(attributes);
      return asked instanceof Promise ? asked.then((decision) => decided(decision, startedMs)) : decided(asked, startedMs);
    },
    handshakeFailed() {
      handshakeErrors += 1;
    },
  };
}

const resultOf = ({ allowed, denied, error }: AuthorizationDecision) =>
  allowed ? 'allowed' : error ? 'error' : denied ? 'denied' : 'no-opinion';

const NAMED_USERS: ReadonlySet<string> = new Set(['admin', 'client', 'kube_proxy', 'kubelet', 'system:serviceaccount:kube-system:default']);

/** Few series, and no names of people among them. */
const groupOfUsers = (name: string): string => (NAMED_USERS.has(name) ? name : name.includes('@') ? 'email_id' : 'other');

interface Observed {
  readonly authentications: Outcomes;
  readonly authorizations: Outcomes;
  readonly users: ReadonlyMap<string, number>;
  readonly handshakeErrors: () => number;
}

function register(registry: Registry, { authentications, authorizations, users, handshakeErrors }: Observed): void {
  const counter = (name: string, help: string, values: () => Value[]) => registerValues(registry, { name, help, type: 'counter' }, values);
  const histogram = (name: string, help: string, values: (name: string) => Value[]) =>
    registerValues(registry, { name, help, type: 'histogram' }, () => values(name));
  counter('authenticated_user_requests', 'Counter of authenticated requests broken out by username.', () =>
    [...users].map(([username, value]) => ({ labels: { username }, value })),
  );
  counter('authentication_attempts', 'Counter of authenticated attempts.', () => countsOf(authentications));
  histogram('authentication_duration_seconds', 'Authentication duration in seconds broken out by result.', (name) =>
    histogramsOf(name, authentications),
  );
  counter(
    'authorization_attempts_total',
    "Counter of authorization attempts broken down by result. It can be either 'allowed', 'denied', 'no-opinion' or 'error'.",
    () => countsOf(authorizations),
  );
  histogram('authorization_duration_seconds', 'Authorization duration in seconds broken out by result.', (name) =>
    histogramsOf(name, authorizations),
  );
  counter('apiserver_tls_handshake_errors_total', "Number of requests dropped with 'TLS handshake error from' error", () => [
    { labels: {}, value: handshakeErrors() },
  ]);
}
