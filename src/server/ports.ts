import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { KubeList, KubeObject } from '../api/meta/object.ts';
import type { FieldRequirement, LabelRequirement } from '../api/meta/selectors.ts';
import type { Status } from '../api/meta/status.ts';
import type { ApiRequest, Verb } from '../api/transport.ts';

/** Who asks. */
export interface UserInfo {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
  /** Whose credentials were presented, when the request acts as another user (Kubernetes: User Impersonation). */
  readonly impersonatedBy?: UserInfo;
}

/** What authenticators look at: nothing of the body. */
export interface Credentials {
  /** Subject and SHA-256 fingerprint of the certificate that the TLS peer presented, and what the CAs behind it vouch for: it may be nothing. */
  readonly certificate?: {
    readonly commonName: string;
    readonly organizations: readonly string[];
    /** Of the user (subject attribute 1.3.6.1.4.1.57683.2). */
    readonly uid?: string;
    readonly fingerprint: string;
    readonly isClient: boolean;
    /** It may speak for others, by X-Remote-* headers. */
    readonly isFrontProxy: boolean;
  };
  readonly authorization?: string;
  /** Sec-WebSocket-Protocol may carry a bearer token for browsers. */
  readonly webSocketProtocols?: readonly string[];
  /** Lower-case names; for impersonation and front-proxy headers. */
  readonly header: (name: string) => string | undefined;
  /** Repeated headers one by one (X-Remote-Group), and which there are (X-Remote-Extra-*): of front proxies alone. */
  readonly distinctHeaders?: Readonly<Record<string, readonly string[] | undefined>>;
}

/** undefined: these credentials say nothing (then anonymous). Throws ApiError Unauthorized when they are wrong. */
export type Authenticator = (credentials: Credentials) => Promise<UserInfo | undefined>;

export type AuthorizationAttributes = { readonly user: UserInfo } & (
  | {
      readonly verb: string;
      readonly group: string;
      readonly version: string;
      readonly resource: string;
      readonly subresource: string;
      readonly namespace: string;
      readonly name: string;
      /** What a list, watch or deletecollection is narrowed to; what could not be read narrows nothing. */
      readonly fields?: readonly FieldRequirement[];
      readonly labels?: readonly LabelRequirement[];
      readonly path?: undefined;
    }
  | { readonly verb: string; readonly path: string }
);

export interface AuthorizationDecision {
  readonly allowed: boolean;
  /** Refused for good: whoever is asked later is not heard. */
  readonly denied?: boolean;
  /** Why, in upstream's words (`RBAC: …`). */
  readonly reason: string;
  /** Somebody who was asked could not decide. */
  readonly error?: string;
}
export type Authorizer = (attributes: AuthorizationAttributes) => AuthorizationDecision | Promise<AuthorizationDecision>;

/** Whom a request acts as that has Impersonate-* headers; undefined: they ask for nobody. Throws Forbidden, or BadRequest for headers that make no sense. */
export type Impersonator = (
  attributes: AuthorizationAttributes,
  headers: NonNullable<Credentials['distinctHeaders']>,
) => Promise<UserInfo | undefined>;

/** One request as the registry and everything behind it sees it. */
export interface RequestContext {
  readonly user: UserInfo;
  readonly signal: AbortSignal;
  /** What the client calls itself; without a `fieldManager` in the request, what precedes the first slash is who owns what it writes. */
  readonly userAgent?: string;
  /** Adds a `Warning: 299` header (or is dropped, in process). */
  readonly warn: (message: string) => void;
  /** How long the client still waits. Absent: as long as it takes. */
  readonly remainingMs?: () => number;
  /** Told how long somebody outside was waited for (webhooks): it does not count against the server. */
  readonly heldUp?: (seconds: number) => void;
  /** Adds an annotation to the request's audit event, when there is one. */
  readonly annotate?: (key: string, value: string) => void;
}

/** Admission, in upstream's order. A mutating plugin changes `object` in place; refusing is throwing ApiError. */
export interface AdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly request: ApiRequest;
  readonly object: KubeObject | undefined;
  readonly old: KubeObject | undefined;
  readonly context: RequestContext;
}
/** `Symbol.dispose`: ends what it follows. */
export interface AdmissionPlugin extends Partial<Disposable> {
  readonly name: string;
  /**
   * `again`: something changed the object after this plugin had seen it; it looks once more. Answers `changed` when a webhook or a policy, that is
   * nothing built in, changed the object: then all look again.
   */
  mutate?(request: AdmissionRequest, again: boolean): Promise<Mutated> | Mutated;
  validate?(request: AdmissionRequest): Promise<void> | void;
  /** The request is over, whether its object was stored or not: the cache shows what came of it. Never throws. */
  settled?(request: AdmissionRequest): void;
  /** May this plugin wait for somebody outside the server before it has judged such a request? Asked before the object is known. */
  callsOut?(operation: AdmissionRequest['operation'], request: ApiRequest): boolean;
}

/** Plugins that have nothing to say answer nothing. */
export type Mutated = 'changed' | void;

/** The in-process door: what http/, local-transport.ts, authn, authz and admission plugins call. Authorization has happened already. */
export interface ApiHandler {
  request(request: ApiRequest, context: RequestContext): Promise<KubeObject | KubeList | Status>;
}

export interface ObjectChange {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** As it is now; its last state when it was deleted. */
  readonly object: KubeObject;
}

/** Read-only view of stored objects for authenticators, authorizers and admission plugins (they see the cache, not HTTP). */
export interface ObjectReader {
  /** `resource` is an id such as `pods` or `roles.rbac.authorization.k8s.io`. */
  get<T extends KubeObject>(resource: string, namespace: string, name: string): T | undefined;
  list<T extends KubeObject>(resource: string, namespace?: string): readonly T[];
  /** Is there such a resource? The other methods throw when there is not. */
  has(resource: string): boolean;
  /** Those whose index (a field of the definition's `indexes`: `spec.nodeName` of pods) has the value; no scan. */
  listBy<T extends KubeObject>(resource: string, index: string, value: string): readonly T[];
  /**
   * Called on every change of the resource: for derived caches such as RBAC's. The changes come in order; undefined when there were too many to
   * tell one by one.
   */
  onChange(resource: string, listener: (changes: readonly ObjectChange[] | undefined) => void): Disposable;
}

/** Streaming subresources (exec, attach, portforward, proxy, log) answer on the raw request, after authentication and authorization. */
export interface StreamHandler {
  /** `upgrade` is set when the client asked for a protocol upgrade; then the handler owns the socket. */
  handle(options: {
    readonly request: ApiRequest;
    readonly context: RequestContext;
    readonly raw: IncomingMessage;
    readonly url: URL;
    readonly reply: import('node:http').ServerResponse | undefined;
    readonly upgrade: { readonly socket: Duplex; readonly head: Buffer } | undefined;
  }): Promise<void>;
}

export type { Verb };
