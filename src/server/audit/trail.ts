import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KubeList, KubeObject } from '../../api/meta/object.ts';
import type { ApiError, Status } from '../../api/meta/status.ts';
import type { ApiRequest } from '../../api/transport.ts';
import { type Clock, rfc3339Micro } from '../../base/clock.ts';
import { formatGoDuration } from '../../base/go-duration.ts';
import type { AuthorizationDecision, UserInfo } from '../ports.ts';
import { type Answer, answerObject } from '../registry/answer.ts';
import { type AuditBackend, EVENT_HEAD } from './backend.ts';
import type { AuditDecision, AuditPolicy, AuditStage } from './policy-plan.ts';
import { attemptedAuthentication, requestedResource, sourceAddresses, userAgent, userJson } from './request-facts.ts';

/** Takes one event, as AuditBackend.write does. Must not throw. */
export type AuditSink = AuditBackend['write'];

/** What the audit log is told of one request. Nothing is kept that the rule's level does not ask for. */
export interface AuditTrail {
  /** Where requests wait for the backend: resolves when the arrival of this one is told; rejects with UntoldRequest when it could not be, and the request must not go on. */
  readonly received: Promise<void> | undefined;
  readonly decided: (decision: AuthorizationDecision) => void;
  /** The first value of a key stays. Keys are such as `pod-security.kubernetes.io/exempt`. */
  readonly annotate: (key: string, value: string) => void;
  /** The request with its body, before anybody changes that. */
  asked(request: ApiRequest): void;
  answered(answer: Answer): void;
  failed(error: ApiError, options: { unexpected: boolean }): void;
  /** Headers are out, of requests that run on after them. */
  started(code: number): void;
  /** Counts once. */
  complete(code: number): void;
}

export interface Asked {
  readonly raw: IncomingMessage;
  /** Absent for upgrades. */
  readonly reply?: ServerResponse;
  readonly auditId: string;
  /** undefined: the credentials were wrong. */
  readonly user: UserInfo | undefined;
  readonly path: string;
  /** undefined: no resource's path. */
  readonly request: ApiRequest | undefined;
}

export interface Auditor {
  /** undefined: the policy does not want the request to be logged. */
  begin(asked: Asked): AuditTrail | undefined;
}

export interface AuditorOptions {
  readonly policy: AuditPolicy;
  readonly sink: AuditSink;
  readonly clock: Clock;
  /** Answers wait for their events. Absent: they don't. */
  readonly blocks?: boolean;
  /** Told the level of every request. */
  readonly onLevel?: (level: AuditDecision['level']) => void;
  /** Told of every request that is refused because its arrival could not be told. */
  readonly onRejected?: () => void;
}

/** The audit backend is strict, and failed. */
export class UntoldRequest extends Error {
  override readonly name = 'UntoldRequest';
}

/** Requests that take longer say how long. */
const SLOW_MS = 500;
/** What upstream says of a request that ended without an answer. */
const UNANSWERED = { status: 'Success', message: 'Connection closed early', code: 200 } as const;
const LONG_RUNNING = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);

export function createAuditor({ policy, sink, clock, blocks = false, onLevel, onRejected }: AuditorOptions): Auditor {
  return {
    begin(asked) {
      const { raw, request, path, user } = asked;
      const verb = request?.verb ?? (raw.method ?? 'GET').toLowerCase();
      const resource = request && requestedResource(request);
      const decision = policy.decide({ user: user?.impersonatedBy ?? user, verb, path, resource });
      onLevel?.(decision.level);
      if (decision.level === 'None') return undefined;
      const runsOn = verb === 'watch' || verb === 'proxy' || LONG_RUNNING.has(request?.subresource ?? '');
      const options = { sink, clock, runsOn, onRejected };
      const made = new Trail(asked, verb, decision, options);
      const trail = user ? made : refusedTrail(asked, made);
      if ((runsOn || !user) && asked.reply) onHead(asked.reply, (code) => trail.started(code));
      if (blocks && asked.reply) holdEnd(asked.reply, { trail, told: () => made.told });
      return trail;
    },
  };
}

/** Calls back once when the head is written, whoever writes it. */
function onHead(reply: ServerResponse, listener: (code: number) => void): void {
  const { writeHead } = reply;
  reply.writeHead = ((code: number, ...rest: never[]) => {
    reply.writeHead = writeHead;
    listener(code);
    return writeHead.call(reply, code, ...rest);
  }) as typeof writeHead;
}

/** Holds back the end of the answer until its events are told. What runs on has begun before that. */
function holdEnd(reply: ServerResponse, { trail, told }: { trail: AuditTrail; told: () => Promise<unknown> | undefined }): void {
  const { end } = reply;
  reply.end = ((...rest: Parameters<typeof end>) => {
    reply.end = end;
    trail.complete(reply.statusCode);
    void Promise.resolve(told()).then(() => {
      if (!reply.destroyed) end.apply(reply, rest);
    });
    return reply;
  }) as typeof end;
}

/** Of a request whose credentials were wrong there is one event: that the refusal went out. */
function refusedTrail(asked: Asked, trail: Trail): AuditTrail {
  return {
    ...NOTHING_TO_TELL,
    failed: () => trail.refused(attemptedAuthentication(asked.raw)),
    started: (code) => trail.started(code),
  };
}

const nothing = () => {};
const NOTHING_TO_TELL: AuditTrail = {
  received: undefined,
  decided: nothing,
  annotate: nothing,
  asked: nothing,
  answered: nothing,
  failed: nothing,
  started: nothing,
  complete: nothing,
};

interface ObjectRef {
  readonly resource: string;
  namespace?: string;
  name?: string;
  uid?: string;
  readonly apiGroup?: string;
  readonly apiVersion: string;
  resourceVersion?: string;
  readonly subresource?: string;
}

type LoggedStatus = Partial<Status> & { readonly code: number };

interface TrailOptions extends Pick<AuditorOptions, 'sink' | 'clock' | 'onRejected'> {
  /** After its headers are out. */
  readonly runsOn: boolean;
}

class Trail implements AuditTrail {
  readonly received: Promise<void> | undefined;
  /** Resolves when what was told so far has arrived. */
  told: Promise<unknown> | undefined;
  readonly #decision: AuditDecision;
  readonly #sink: AuditSink;
  readonly #clock: Clock;
  readonly #receivedMs: number;
  /** Around the stage: what is known from the beginning. */
  readonly #head: string;
  readonly #facts: string;
  readonly #objectRef: ObjectRef | undefined;
  readonly #annotations: Record<string, string> = {};
  #requestObject: string | undefined;
  #responseObject: string | undefined;
  #status: LoggedStatus | undefined;
  #panicked = false;
  #isComplete = false;
  readonly #reply: ServerResponse | undefined;
  readonly #runsOn: boolean;

  constructor(
    { raw, reply, auditId, user, request }: Asked,
    verb: string,
    decision: AuditDecision,
    { sink, clock, runsOn, onRejected }: TrailOptions,
  ) {
    this.#reply = reply;
    this.#runsOn = runsOn;
    this.#decision = decision;
    this.#sink = sink;
    this.#clock = clock;
    this.#receivedMs = clock.now();
    this.#head = `${EVENT_HEAD}"level":"${decision.level}","auditID":${JSON.stringify(auditId)},"stage":"`;
    const facts = {
      requestURI: raw.url ?? '',
      verb,
      user: userJson(user?.impersonatedBy ?? user),
      impersonatedUser: user?.impersonatedBy && userJson(user),
      sourceIPs: sourceAddresses(raw),
      userAgent: userAgent(raw),
    };
    this.#facts = JSON.stringify(facts).slice(1, -1);
    this.#objectRef = request && objectRefOf(request);
    if (user)
      this.received = this.#log('RequestReceived', this.#receivedMs)?.then((stored) => {
        if (stored) return;
        this.#isComplete = true;
        onRejected?.();
        throw new UntoldRequest('failed to store audit event');
      });
    // Nobody waits for it of a request that is refused anyway.
    this.received?.catch(nothing);
  }

  readonly decided = ({ allowed, reason }: AuthorizationDecision): void => {
    this.#annotations['authorization.k8s.io/decision'] = allowed ? 'allow' : 'forbid';
    this.#annotations['authorization.k8s.io/reason'] = reason;
  };

  readonly annotate = (key: string, value: string): void => {
    if (!Object.hasOwn(this.#annotations, key)) this.#annotations[key] = value;
  };

  asked({ verb, body, patchType }: ApiRequest): void {
    const object = typeof body === 'object' && body !== null ? (body as KubeObject) : undefined;
    if (object && patchType === undefined && verb !== 'delete' && verb !== 'deletecollection') this.#complete(object);
    if (body === undefined || this.#decision.level === 'Metadata') return;
    this.#requestObject = JSON.stringify(this.#shown(body));
  }

  answered(answer: Answer): void {
    if (answer.kind === 'status') this.#status = statusOf(answer.status);
    else if (this.#decision.level === 'RequestResponse') this.#responseObject = this.#answerJson(answer);
  }

  failed(error: ApiError, { unexpected }: { unexpected: boolean }): void {
    const status = error.toStatus();
    this.#panicked = unexpected;
    this.#status = statusOf(unexpected ? { ...status, message: `APIServer panic'd: ${error.message}` } : status);
    if (this.#decision.level === 'RequestResponse' && !unexpected) this.#responseObject = JSON.stringify(status);
  }

  /** Nobody knows who asked. */
  refused(message: string): void {
    this.#status = { message, code: 0 };
  }

  started(code: number): void {
    if (this.#isComplete) return;
    this.#status = { ...this.#status, code };
    this.#log('ResponseStarted', this.#clock.now());
  }

  complete(code: number): void {
    if (this.#isComplete) return;
    this.#isComplete = true;
    if (!this.#status && this.#reply && !this.#reply.headersSent) {
      this.#status = UNANSWERED;
      if (this.#runsOn) this.#log('ResponseStarted', this.#clock.now());
    }
    this.#status ??= { code };
    const tookMs = this.#clock.now() - this.#receivedMs;
    if (tookMs > SLOW_MS) this.annotate('apiserver.latency.k8s.io/total', formatGoDuration(tookMs));
    this.#log(this.#panicked ? 'Panic' : 'ResponseComplete', this.#clock.now());
  }

  #complete({ metadata }: KubeObject): void {
    const ref = this.#objectRef;
    if (!ref || typeof metadata !== 'object' || metadata === null) return;
    for (const field of ['namespace', 'name', 'uid', 'resourceVersion'] as const) {
      if (!ref[field] && typeof metadata[field] === 'string' && metadata[field]) ref[field] = metadata[field];
    }
  }

  #answerJson(answer: Answer): string {
    if (answer.kind === 'item' && !this.#decision.omitManagedFields) return answer.item.bytes.toString();
    return JSON.stringify(this.#shown(answerObject(answer)));
  }

  #shown(value: unknown): unknown {
    return this.#decision.omitManagedFields ? withoutManagedFields(value) : value;
  }

  #log(stage: AuditStage, atMs: number): Promise<boolean> | undefined {
    if (this.#decision.omitStages.has(stage)) return undefined;
    const parts = [`${this.#head}${stage}"`, this.#facts];
    if (this.#objectRef) parts.push(`"objectRef":${JSON.stringify(this.#objectRef)}`);
    if (this.#status) parts.push(`"responseStatus":${JSON.stringify({ metadata: {}, ...this.#status })}`);
    if (this.#requestObject !== undefined) parts.push(`"requestObject":${this.#requestObject}`);
    if (this.#responseObject !== undefined) parts.push(`"responseObject":${this.#responseObject.trimEnd()}`);
    parts.push(`"requestReceivedTimestamp":"${rfc3339Micro(this.#receivedMs)}","stageTimestamp":"${rfc3339Micro(atMs)}"`);
    if (Object.keys(this.#annotations).length > 0) parts.push(`"annotations":${JSON.stringify(this.#annotations)}`);
    const telling = this.#sink(`${parts.join(',')}}`);
    if (telling) this.told = Promise.all([this.told, telling]);
    return telling;
  }
}

function objectRefOf(request: ApiRequest): ObjectRef {
  const { group, version, resource, subresource, namespace, name } = requestedResource(request);
  return {
    resource,
    ...(namespace && { namespace }),
    ...(name && { name }),
    ...(group && { apiGroup: group }),
    apiVersion: version,
    ...(subresource && { subresource }),
  };
}

function statusOf({ status, message, reason, details, code = 200 }: Partial<Status>): LoggedStatus {
  return { ...(status && { status }), ...(message && { message }), ...(reason && { reason }), ...(details && { details }), code };
}

/** A copy without managedFields, of an object or of a list's items; all else is shared. */
function withoutManagedFields(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const object = value as Partial<KubeObject & KubeList>;
  const { managedFields: _, ...metadata } = (object.metadata ?? {}) as Record<string, unknown>;
  return {
    ...object,
    ...(object.metadata && { metadata }),
    ...(Array.isArray(object.items) && { items: object.items.map(withoutManagedFields) }),
  };
}
