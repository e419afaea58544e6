import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ResourceDefinition } from '../../api/define.ts';
import { ApiError, isTooManyRequests } from '../../api/meta/status.ts';
import type { ApiRequest } from '../../api/transport.ts';
import type { Clock } from '../../base/clock.ts';
import { Gathering } from '../../base/gathering.ts';
import type { Logger } from '../../base/logger.ts';
import { TurnQueue } from '../../base/turn-queue.ts';
import type { ExtensionProxy, ExtensionServer } from '../aggregation/proxy.ts';
import { type Asked, type Auditor, type AuditTrail, UntoldRequest } from '../audit/trail.ts';
import type { FlowControl, Seat } from '../flowcontrol/flow-control.ts';
import type { RequestLabels, RequestMetrics } from '../metrics/request-metrics.ts';
import type { Authorizer, Impersonator, RequestContext, StreamHandler, UserInfo } from '../ports.ts';
import { AuthorizationRefused, attributesOf, authorize, authorizeOpening } from '../registry/authorize.ts';
import { methodNotAllowed, notBuilt } from '../registry/errors.ts';
import type { Registry } from '../registry/registry.ts';
import { checkVerb } from '../registry/verbs.ts';
import { checkWriteOptions } from '../registry/write-options.ts';
import { actingUser, NON_RESOURCE_VERBS } from './acting-user.ts';
import { parseBody, patchTypeOf, readBody } from './body.ts';
import type { ColumnHeads } from './column-heads.ts';
import { allottedMs, timedOut } from './deadline.ts';
import { asApiError, isUnexpected } from './error-status.ts';
import { RequestEnd } from './request-end.ts';
import { labelsOf } from './request-labels.ts';
import { deleteOptionsIn } from './request-options.ts';
import { parseResourcePath } from './resource-path.ts';
import { foreignRequest, type Routed, routeRequest } from './resource-request.ts';
import { type Exchange, respond, sendError } from './respond.ts';
import { shapedAs, wantedForm } from './wanted-form.ts';
import { WatchBatches } from './watch-batches.ts';
import type { WatchBudget } from './watch-budget.ts';
import { sendWatch } from './watch-response.ts';

/** Longer URLs are refused (node bounds the whole header as well): selectors and continue tokens of any sense are far shorter. */
const URL_LIMIT = 32 * 1024;
const URI_TOO_LONG = 414;
/** A write costs 0.2 to 0.5 ms of the one thread: so many of them, and reads that came meanwhile are answered before the next ones. */
const WRITES_A_TURN = 6;
/** They take less, on a slow machine too. Beside thousands of pods that controllers look at a turn takes half a second: six writes in it would not even be the nodes' leases. */
const TURN_MS = 20;

/** A node renews its lease every 10 s and has 40: many of them are answered together (ADR 0032). */
const RENEWALS_GATHER_MS = 100;
const NODE_LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/';

const READ_VERBS = new Set(['get', 'list', 'watch']);

export interface FrontOptions {
  readonly registry: Registry;
  readonly definition: (group: string, version: string, plural: string) => ResourceDefinition | undefined;
  readonly authenticate: (raw: IncomingMessage) => Promise<UserInfo> | UserInfo;
  readonly authorizer: Authorizer;
  readonly impersonate?: Impersonator;
  /** Groups that extension API servers answer. */
  readonly extensions?: ExtensionProxy;
  /** By `<plural>/<subresource>`: `pods/exec`. */
  readonly streams: Readonly<Record<string, StreamHandler>>;
  /** Takes every request that names no resource, after authorization. */
  readonly fallback: (raw: IncomingMessage, reply: ServerResponse) => Promise<void> | void;
  readonly columnHeads: ColumnHeads;
  readonly metrics: RequestMetrics;
  readonly clock: Clock;
  readonly log: Logger;
  readonly newAuditId: () => string;
  /** Absent: nothing is logged. */
  readonly audit?: Auditor;
  /** Absent: any number of requests may be under way. */
  readonly flow?: FlowControl;
  readonly watches: WatchBudget;
  /** Of all that is no watch and no stream. */
  readonly requestTimeoutMs: number;
  /** Ends watches: the server stops. */
  readonly closing: AbortSignal;
}

export type Front = (raw: IncomingMessage, reply: ServerResponse) => Promise<void>;

/** Between requests. */
interface Shared {
  readonly writes: TurnQueue;
  readonly batches: WatchBatches;
}

/** The first thing that every HTTP request meets: who asks, may they, and who answers. Never rejects. */
export function createFront(options: FrontOptions): Front {
  const shared: Shared = {
    writes: new TurnQueue({ perTurn: WRITES_A_TURN, turnMs: TURN_MS, clock: options.clock }),
    batches: new WatchBatches(),
  };
  const renewals = new Gathering(options.clock, RENEWALS_GATHER_MS);
  return async (raw, reply) => {
    const gathering = isRenewal(raw) ? renewals.take() : undefined;
    if (gathering) await gathering;
    const warnings: string[] = [];
    const auditId = auditIdOf(options, raw);
    reply.setHeader('Audit-Id', auditId);
    reply.setHeader('Cache-Control', 'no-cache, private');
    const startedMs = options.clock.monotonic();
    let routed: Routed | undefined;
    let user: UserInfo | undefined;
    let trail: AuditTrail | undefined;
    let begun = false;
    let seat: Seat | undefined;
    let over = () => {};
    const heldUp = { seconds: 0 };
    try {
      const path = pathOf(raw);
      user = await options.authenticate(raw);
      const extension = options.extensions?.find(path);
      const foreign = extension && foreignRequest(raw, parseResourcePath(path));
      routed = extension ? undefined : route(options, raw, path);
      user = await actingUser(options, user, { raw, request: foreign ?? routed?.request, path });
      begun = true;
      const request = foreign ?? routed?.request;
      trail = options.audit?.begin({ raw, reply, auditId, user, path, request });
      if (trail?.received) await trail.received;
      const entering = enter(options, { user, request, path, method: raw.method ?? 'GET', reply }, () => labelsOf(raw, routed));
      if (entering instanceof Promise) {
        const waitedFromMs = options.clock.monotonic();
        seat = await entering;
        heldUp.seconds += (options.clock.monotonic() - waitedFromMs) / 1000;
      } else seat = entering;
      over = request?.verb === 'watch' ? over : options.metrics.begun(READ_VERBS.has(request?.verb ?? 'get') ? 'readOnly' : 'mutating');
      // A watch lasts: it holds no seat while it does.
      if (extension && foreign?.verb === 'watch') seat?.release();
      if (extension) await answerByExtension(options, extension, { raw, reply, path, user, trail, request: foreign });
      else if (routed) await answer(options, shared, { raw, reply, routed, user, warnings, trail, seat, heldUp });
      else await answerOther(options, { raw, reply, path, user, trail });
    } catch (error) {
      if (!begun) trail = trailOfRefused(options, { raw, reply, auditId, user, routed });
      await answerError(options, { raw, reply, warnings, trail }, error);
    }
    seat?.release();
    over();
    trail?.complete(reply.statusCode);
    const seconds = (options.clock.monotonic() - startedMs) / 1000;
    const labels = labelsOf(raw, routed);
    options.metrics.finished(labels, reply.statusCode, seconds, heldUp.seconds);
    if (labels.verb === 'GET' || labels.verb === 'LIST') options.metrics.answered(labels, Number(reply.getHeader('Content-Length') ?? 0));
  };
}

const isRenewal = ({ method, url }: IncomingMessage) => method !== 'GET' && url?.startsWith(NODE_LEASES);

/** Counts who is not let in. */
function enter(
  { flow, metrics }: Pick<FrontOptions, 'flow' | 'metrics'>,
  who: Parameters<FlowControl['enter']>[0],
  labels: () => RequestLabels,
): ReturnType<FlowControl['enter']> | undefined {
  const refused = (error: unknown): never => {
    if (isTooManyRequests(error)) metrics.terminated(labels(), 429);
    throw error;
  };
  try {
    const entering = flow?.enter(who);
    return entering instanceof Promise ? entering.catch(refused) : entering;
  } catch (error) {
    return refused(error);
  }
}

/** Of a request that was refused before it was known what it asks for. */
export function trailOfRefused(
  options: Pick<FrontOptions, 'audit' | 'definition'>,
  { raw, routed, ...about }: Omit<Asked, 'path' | 'request'> & { readonly routed?: Routed | undefined },
): AuditTrail | undefined {
  if (!options.audit) return undefined;
  let asked: Pick<Asked, 'path' | 'request'> = { path: raw.url ?? '', request: routed?.request };
  try {
    const path = pathOf(raw);
    asked = { path, request: (routed ?? route(options, raw, path))?.request };
  } catch {
    // What cannot be read is logged by its URL.
  }
  return options.audit.begin({ raw, ...about, ...asked });
}

export function auditIdOf({ newAuditId }: Pick<FrontOptions, 'newAuditId'>, raw: IncomingMessage): string {
  const given = raw.headers['audit-id'];
  return typeof given === 'string' ? given : newAuditId();
}

export function pathOf(raw: IncomingMessage): string {
  const url = raw.url ?? '/';
  if (url.length > URL_LIMIT) {
    const message = `the request URI is too long: limit is ${URL_LIMIT}`;
    throw new ApiError('BadRequest', message, { code: URI_TOO_LONG, statedReason: '' });
  }
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}

/** undefined: no resource's path. */
export function route({ definition }: Pick<FrontOptions, 'definition'>, raw: IncomingMessage, path: string): Routed | undefined {
  const parsed = parseResourcePath(path);
  const found = parsed && definition(parsed.group, parsed.version, parsed.resource);
  return found && parsed && routeRequest(raw, found, parsed);
}

interface Incoming {
  readonly raw: IncomingMessage;
  readonly reply: ServerResponse;
  readonly routed: Routed;
  readonly user: UserInfo;
  readonly warnings: string[];
  readonly trail: AuditTrail | undefined;
  readonly seat: Seat | undefined;
  /** How long the request waited for others. */
  readonly heldUp: { seconds: number };
}

async function answer(
  options: FrontOptions,
  { writes, batches }: Shared,
  { raw, reply, routed, user, warnings, trail, seat, heldUp }: Incoming,
): Promise<void> {
  const { definition, query, path } = routed;
  let { request } = routed;
  await authorize(options.authorizer, attributesOf(user, request), trail?.decided);
  if (routed.refusal) throw routed.refusal;
  const gone = new RequestEnd();
  reply.once('close', () => gone.end());
  const { clock, requestTimeoutMs } = options;
  const begunMs = clock.monotonic();
  const context: RequestContext = {
    user,
    remainingMs: () => begunMs + allottedMs(raw, requestTimeoutMs) - clock.monotonic(),
    get signal() {
      return gone.signal;
    },
    userAgent: raw.headers['user-agent'] ?? '',
    annotate: trail?.annotate,
    warn: (text) => void warnings.push(text),
    heldUp(seconds) {
      heldUp.seconds += seconds;
    },
  };
  const declared = path.subresource === undefined ? undefined : definition.subresources[path.subresource];
  if (declared?.kind === 'custom' && declared.stream) {
    await authorizeOpening(options.authorizer, { user, request }, trail?.decided);
    const handler = options.streams[`${definition.plural}/${path.subresource}`];
    if (!handler) throw notBuilt(`${definition.plural}/${path.subresource}`);
    const url = new URL(raw.url ?? '/', 'https://server');
    return handler.handle({ request, context, raw, url, reply, upgrade: undefined });
  }
  if (definition.deprecation !== undefined) options.metrics.requestedDeprecated(labelsOf(raw, routed));
  using _deadline = request.verb === 'watch' ? undefined : deadline(options, { raw, reply, routed, warnings, trail, seat }, gone);
  const { accepted, include } = wantedForm(raw, routed);
  if (routed.unreadable) throw routed.unreadable;
  if (request.verb === 'watch') {
    using _counted = options.watches.open(user.name, request);
    using _closing = endingWith(options.closing, gone);
    const stream = await options.registry.watch(request, context);
    seat?.release();
    using _running = stopping(options.metrics.longRunning(labelsOf(raw, routed)));
    const { columnHeads, clock, metrics } = options;
    const sizes = metrics.watchEvents(request);
    const listed = request.options?.sendInitialEvents
      ? () => metrics.watchListed(labelsOf(raw, routed), (clock.monotonic() - begunMs) / 1000)
      : undefined;
    return await sendWatch({ reply, batches, stream, accepted, include, columnHeads, clock, warnings, sizes, listed });
  }
  checkVerb(definition, request);
  if (request.verb !== 'get' && request.verb !== 'list') {
    if (request.verb === 'patch') request = { ...request, patchType: patchTypeOf(raw) };
    const body = await readBody(raw);
    const turn = writes.take();
    if (turn) await turn;
    checkWriteOptions(request);
    const kind = sentKind(routed);
    const { value, findings } = parseBody(raw, body, { options: request.options, kind, verb: request.verb, warn: context.warn });
    request = { ...request, body: value === undefined && kind === DELETE_OPTIONS ? deleteOptionsIn(query) : value, findings };
    trail?.asked(request);
  }
  const exchange: Exchange = { raw, reply, warnings, accepted, include, columnHeads: options.columnHeads, nowMs: options.clock.now() };
  const result = await options.registry.answer(request, context);
  if (gone.isOver) return;
  trail?.answered(result);
  await respond(exchange, shapedAs(definition, declared), result);
}

const DELETE_OPTIONS = 'DeleteOptions';

function sentKind({ request, path, definition }: Routed): string {
  if (request.verb === 'delete' || request.verb === 'deletecollection') return DELETE_OPTIONS;
  const declared = definition.subresources[path.subresource ?? ''];
  if (declared?.kind === 'scale') return 'Scale';
  return (declared?.kind === 'custom' ? declared.objectKind?.kind : undefined) ?? definition.kind;
}

/** A request that takes too long is answered in the place of whoever works on it, and its connection closed. */
function deadline(
  options: FrontOptions,
  incoming: Pick<Incoming, 'raw' | 'reply' | 'routed' | 'warnings' | 'trail' | 'seat'>,
  gone: RequestEnd,
): Disposable {
  return options.clock.timer(allottedMs(incoming.raw, options.requestTimeoutMs), () => {
    incoming.seat?.release();
    if (!incoming.reply.headersSent && incoming.raw.httpVersionMajor === 1) incoming.reply.setHeader('Connection', 'close');
    options.metrics.terminated(labelsOf(incoming.raw, incoming.routed), 504);
    void answerError(options, incoming, timedOut(), { send: sendTimedOut });
    gone.end();
  });
}

export function endingWith(closing: AbortSignal, gone: RequestEnd): Disposable {
  const end = () => gone.end();
  closing.addEventListener('abort', end);
  return stopping(() => closing.removeEventListener('abort', end));
}

export const stopping = (stop: () => void): Disposable => ({ [Symbol.dispose]: stop });

/** Extension servers authorize again by themselves; what this server forbids does not get there. */
async function answerByExtension(
  options: FrontOptions,
  extension: ExtensionServer,
  {
    raw,
    reply,
    user,
    trail,
    path,
    request,
  }: Pick<Incoming, 'raw' | 'reply' | 'user' | 'trail'> & {
    readonly path: string;
    readonly request: ApiRequest | undefined;
  },
): Promise<void> {
  await authorizeForeign(options, { raw, user, path, request, trail });
  const gone = new RequestEnd();
  reply.once('close', () => gone.end());
  await options.extensions?.forward(extension, { raw, reply, user, signal: gone.signal });
}

/** What goes to an extension server: a resource that only that server defines, or one of its documents. */
export async function authorizeForeign(
  { authorizer }: Pick<FrontOptions, 'authorizer'>,
  {
    raw,
    user,
    path,
    request,
    trail,
  }: Pick<Incoming, 'raw' | 'user' | 'trail'> & { readonly path: string; readonly request: ApiRequest | undefined },
): Promise<void> {
  if (request) return authorize(authorizer, attributesOf(user, request), trail?.decided);
  const verb = NON_RESOURCE_VERBS[raw.method ?? 'GET'];
  if (!verb) throw methodNotAllowed();
  await authorize(authorizer, { user, verb, path }, trail?.decided);
}

async function answerOther(
  options: FrontOptions,
  { raw, reply, path, user, trail }: Pick<Incoming, 'raw' | 'reply' | 'user' | 'trail'> & { readonly path: string },
): Promise<void> {
  // Documents are there at once; a timeout that is none is refused all the same.
  allottedMs(raw, options.requestTimeoutMs);
  // Whether there is such a resource is told to those who might use it.
  await authorizeForeign(options, { raw, user, path, request: foreignRequest(raw, parseResourcePath(path)), trail });
  await options.fallback(raw, reply);
}

async function answerError(
  { log }: FrontOptions,
  { raw, reply, warnings, trail }: Pick<Incoming, 'raw' | 'reply' | 'warnings' | 'trail'>,
  error: unknown,
  { send = sendError }: { readonly send?: typeof sendError } = {},
): Promise<void> {
  // Whoever left in the middle of his request, or was told that it took too long, is told nothing more.
  if (reply.destroyed || reply.writableEnded) return;
  if (error instanceof UntoldRequest) return sendUntold(raw, reply, error);
  const known = asApiError(error, log);
  trail?.failed(known, { unexpected: isUnexpected(error) });
  if (reply.headersSent || reply.destroyed) return void reply.destroy();
  // A body that nobody reads would hold up the next request on the connection.
  if (!raw.complete && raw.httpVersionMajor === 1) reply.setHeader('Connection', 'close');
  if (error instanceof AuthorizationRefused) reply.setHeader('X-Content-Type-Options', 'nosniff');
  await send({ raw, reply, warnings }, known);
}

/** As upstream's filter writes it: a Status that does not say so, as text. baseTimeoutWriter.timeout in timeout.go. */
async function sendTimedOut({ reply }: { readonly reply: ServerResponse }, error: ApiError): Promise<void> {
  const { kind: _, apiVersion: __, ...status } = error.toStatus();
  const body = `${JSON.stringify(status)}\n`;
  reply.writeHead(error.code, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(body) });
  reply.end(body);
}

/** As upstream says it: in plain text, before anything else was looked at. */
function sendUntold(raw: IncomingMessage, reply: ServerResponse, { message }: UntoldRequest): void {
  if (!raw.complete && raw.httpVersionMajor === 1) reply.setHeader('Connection', 'close');
  reply.writeHead(500, { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' });
  reply.end(`Internal Server Error: ${JSON.stringify(raw.url)}: ${message}\n`);
}
