import type { AddressInfo } from 'node:net';
import { apiVersionOf } from '../api/define.ts';
import type { LiveRegistry } from '../api/live-registry.ts';
import { familyOf } from '../api/networking/ip-address.ts';
import type { Registry as Definitions } from '../api/registry.ts';
import type { CustomResourceDefinition } from '../api/schema/generated/types.ts';
import { prune, showZeros, validateSchema } from '../api/schema/index.ts';
import type { ApiRequest, Transport } from '../api/transport.ts';
import type { Clock } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { WatchCache } from '../store/watch-cache/collection.ts';
import { builtInAdmission } from './admission/built-in.ts';
import { admissionChain } from './admission/chain.ts';
import type { ExtensionRequests } from './aggregation/extension-requests.ts';
import type { AuditBackend } from './audit/backend.ts';
import type { AuditPolicy } from './audit/policy-plan.ts';
import { createAuditor } from './audit/trail.ts';
import { CRDS } from './crd/crds.ts';
import { customResources } from './crd/custom-resources.ts';
import { dumpFlowControl } from './flowcontrol/dump.ts';
import { createFlowControl } from './flowcontrol/flow-control.ts';
import { resourceLoads } from './flowcontrol/resource-load.ts';
import { type AppOptions, createApp } from './http/app.ts';
import { createColumnHeads, type FieldTexts } from './http/column-heads.ts';
import { admittedStreams } from './http/connect-admission.ts';
import type { ConnectionLimits } from './http/connection-limits.ts';
import { requestAuthenticator, type TrustedRoots } from './http/credentials.ts';
import { REQUEST_TIMEOUT_MS } from './http/deadline.ts';
import { createFront, type FrontOptions } from './http/front.ts';
import type { HealthCheck } from './http/health.ts';
import { createHttpsServer, type TlsSource } from './http/https-server.ts';
import { createUpgrade } from './http/upgrade.ts';
import { WATCH_LIMITS, WatchBudget, type WatchLimits } from './http/watch-budget.ts';
import { localTransport } from './local-transport.ts';
import { accessMetrics } from './metrics/access-metrics.ts';
import { type AdmissionMetrics, admissionMetrics } from './metrics/admission-metrics.ts';
import { observeApiServices } from './metrics/api-service-metrics.ts';
import { countedAudit } from './metrics/audit-metrics.ts';
import { certificateMetrics } from './metrics/certificate-metrics.ts';
import { clientMetrics, type ObserveRequest } from './metrics/client-metrics.ts';
import { observeFlowControl } from './metrics/flow-metrics.ts';
import { podResourceMetrics } from './metrics/pod-resource-metrics.ts';
import { createRequestMetrics, type RequestMetrics } from './metrics/request-metrics.ts';
import { sliMetrics } from './metrics/sli-metrics.ts';
import { observeState } from './metrics/state-metrics.ts';
import { observeStorage } from './metrics/storage-metrics.ts';
import { objectReader } from './object-reader.ts';
import { certificateChecks, certificateWarnings } from './pki/held-certificates.ts';
import type {
  AdmissionPlugin,
  ApiHandler,
  Authenticator,
  Authorizer,
  Impersonator,
  ObjectReader,
  StreamHandler,
  UserInfo,
} from './ports.ts';
import { admittedFirst } from './registry/admit.ts';
import { answerObject } from './registry/answer.ts';
import { attributesOf, authorize } from './registry/authorize.ts';
import type { Admission, Allocator, RegistryDeps } from './registry/deps.ts';
import { deviceClaimChecks } from './registry/device-claim-checks.ts';
import { type CustomSubresourceHandler, createRegistry, type Registry, type VirtualHandler } from './registry/registry.ts';
import { openResources, type Resources } from './registry/resources.ts';
import { serviceAllocator } from './registry/service-allocator.ts';
import { addressRecords, serviceRanges } from './registry/service-ranges.ts';
import { KeyTurns } from './registry/turns.ts';
import { builtInSubresources, builtInVirtual } from './subresources/index.ts';
import { scale } from './subresources/scale.ts';

export interface ApiCoreOptions {
  /** From `openApi(registry, cache)`: opened before authn and authz, which read them through `objectReader(resources)`. */
  readonly resources: Resources;
  readonly authorizer: Authorizer;
  /** Absent: the built-in plugins. */
  readonly admission?: readonly AdmissionPlugin[];
  /** One CIDR, or one of each family. Absent: Services get no addresses and ports. */
  readonly serviceCidrs?: readonly string[];
  /** Absent: 30000-32767. */
  readonly nodePortRange?: { readonly first: number; readonly last: number };
  /** By `<resource id>/<subresource>`. */
  readonly subresources?: Readonly<Record<string, CustomSubresourceHandler>>;
  /** Groups that extension API servers answer, for callers in process. */
  readonly extensionRequests?: ExtensionRequests;
  /** By resource id. What they get has passed admission. */
  readonly virtual?: Readonly<Record<string, VirtualHandler>>;
  /** Told of requests through the in-process door. */
  readonly observeLocal?: ObserveRequest;
  /** Told how long admission takes. */
  readonly observeAdmission?: AdmissionMetrics;
  /** As RegistryDeps has it. */
  readonly shortestWatchSeconds?: number | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly newUid?: () => string;
}

/** The API without HTTP: what the HTTP server and callers in process share. */
export interface ApiCore {
  readonly registry: Registry;
  /** What is served now. */
  readonly definitions: LiveRegistry;
  readonly handler: ApiHandler;
  readonly objects: ObjectReader;
  /** Serves what CustomResourceDefinitions ask for. Run it with the rest. */
  readonly customResources: Component;
  readonly admission: Admission;
  /** The in-process door for a user. Authorization applies as it does over HTTP. `userAgent`: whom the fields that it writes belong to. */
  localTransport(user: UserInfo, userAgent?: string): Transport;
}

const NODE_PORTS = { first: 30_000, last: 32_767 };
const newUuid = (): string => crypto.randomUUID();

export function createApiCore(options: ApiCoreOptions): ApiCore {
  const { resources, authorizer, clock, random, log } = options;
  const { definitions } = resources;
  const objects = objectReader(resources);
  const observed = options.observeLocal && { observe: options.observeLocal, clock };
  const plugins = options.admission ?? builtInAdmission({ objects, authorizer, kinds: () => definitions.current(), clock, random });
  const admission = admissionChain(plugins, options.observeAdmission && { ...options.observeAdmission, clock });
  const deps: RegistryDeps = {
    resources,
    schemas: { prune, validate: validateSchema, showZeros },
    admission,
    allocators: allocatorsOf(options, () => deps),
    outsideChecks: { ...deviceClaimChecks({ objects, authorizer }), ...certificateChecks },
    outsideWarnings: certificateWarnings,
    turns: new KeyTurns(),
    authorizeCreate: (request, { user }) => authorize(authorizer, attributesOf(user, { ...request, verb: 'create' })),
    shortestWatchSeconds: options.shortestWatchSeconds,
    clock,
    random,
    log,
    newUid: options.newUid ?? newUuid,
  };
  const registry = createRegistry({
    ...deps,
    definition: (group, version, plural) => definitions.find(group, version, plural),
    subresources: { ...builtInSubresources, ...options.subresources },
    scale,
    virtual: { ...builtInVirtual, ...admittedKinds(options.virtual, definitions) },
  });
  return {
    registry,
    definitions,
    handler: { request: async (request, context) => answerObject(await registry.answer(request, context)) },
    objects,
    customResources: customResources({ deps, registry, objects, clock, log }),
    admission,
    localTransport: (user, userAgent) =>
      localTransport({ registry, authorizer, extensions: options.extensionRequests }, user, { userAgent, observed }),
  };
}

/** What is created without being stored, reviews, passes admission as everything does: webhooks may match it. */
function admittedKinds(handlers: ApiCoreOptions['virtual'] = {}, definitions: LiveRegistry): Readonly<Record<string, VirtualHandler>> {
  const admitted = Object.entries(handlers).map(([id, handler]) => {
    const definition = definitions.byId(id);
    return [
      id,
      definition?.verbs.includes('create')
        ? admittedFirst(handler, { apiVersion: apiVersionOf(definition), kind: definition.kind })
        : handler,
    ] as const;
  });
  return Object.fromEntries(admitted);
}

function allocatorsOf(options: ApiCoreOptions, deps: () => RegistryDeps): Readonly<Record<string, Allocator>> {
  const { serviceCidrs, nodePortRange = NODE_PORTS, resources, random } = options;
  const services = resources.byId('services');
  if (!serviceCidrs || !services) return {};
  const existing = services.collection.list().items.map(({ object }) => object);
  const [ranges, records] = [serviceRanges(resources, serviceCidrs), addressRecords(resources, deps)];
  const families = serviceCidrs.map(familyOf);
  return { services: serviceAllocator({ ranges, families, nodePortRange, existing, records, random }) };
}

/** Opens every stored resource in the watch cache, those of CustomResourceDefinitions too. */
export async function openApi(registry: Definitions, cache: WatchCache): Promise<Resources> {
  const resources = await openResources(registry, cache);
  if (resources.byId(CRDS)) await resources.serve(objectReader(resources).list<CustomResourceDefinition>(CRDS));
  return resources;
}

export interface ApiServerOptions extends ApiCoreOptions {
  readonly authenticator: Authenticator;
  /** Which CAs of `tls` vouch for whom. Absent: all of them for clients. */
  readonly roots?: TrustedRoots;
  /** May requests for the path come from nobody? Absent: all may. */
  readonly allowsAnonymous?: (path: string) => boolean;
  /** Absent: Impersonate-* headers mean nothing. */
  readonly impersonate?: Impersonator;
  readonly tls: TlsSource;
  readonly bindAddress: string;
  /** 0: any free port. */
  readonly port: number;
  /** Groups that extension API servers answer. */
  readonly extensions?: FrontOptions['extensions'];
  /** By `<plural>/<subresource>`: `pods/exec`, `pods/log`. */
  readonly streams?: Readonly<Record<string, StreamHandler>>;
  /** Discovery, OpenAPI, /version, key sets: asked in order for every path that is no resource. */
  readonly documents?: AppOptions['documents'];
  /** What the columns of tables are described by. Absent: those without words of their own have no description. */
  readonly fieldTexts?: FieldTexts;
  /** Of requests that are neither watches nor streams. Absent: 60 s. */
  readonly requestTimeoutMs?: number;
  /** How long it serves on, not ready, when it is told to stop. Absent: 0. */
  readonly shutdownDelayMs?: number;
  readonly connectionLimits?: ConnectionLimits;
  readonly watchLimits?: WatchLimits;
  /** Requests that may be under way at a time, by API Priority and Fairness. Absent: any number. */
  readonly flow?: { readonly seats: number };
  /** Absent: requests are not logged. */
  readonly audit?: { readonly policy: AuditPolicy; readonly backend: AuditBackend };
  /** Of /livez, /readyz and /healthz. */
  readonly healthChecks?: readonly HealthCheck[];
  /** Besides ping; /livez runs ping alone. */
  readonly readyChecks?: readonly HealthCheck[];
  /** What the server says that it is. Absent: nothing. */
  readonly gitVersion?: string;
  readonly zpages?: AppOptions['zpages'];
}

export interface ApiServer extends ApiCore {
  /** Listens until told to stop. */
  readonly component: Component;
  /** Once `component` is ready. */
  address(): AddressInfo;
  readonly metrics: RequestMetrics;
}

const ping: HealthCheck = { name: 'ping', check() {} };

/** What /livez and /readyz ask. Once `stopping` was called the server is not ready any more. */
function healthOf({ healthChecks = [], readyChecks = [] }: ApiServerOptions) {
  let isStopping = false;
  const shutdown: HealthCheck = {
    name: 'shutdown',
    check() {
      if (isStopping) throw new Error('process is shutting down');
    },
  };
  const live = [ping, ...healthChecks];
  const stopping = () => {
    isStopping = true;
  };
  return { live, ready: [...live, ...readyChecks, shutdown], stopping };
}

/** The API server: the core behind HTTPS. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  const metrics = createRequestMetrics();
  const observeAdmission = admissionMetrics(metrics.registry);
  const core = createApiCore({ ...options, observeLocal: clientMetrics(metrics.registry), observeAdmission });
  const { clock, log, authorizer, authenticator, streams = {}, gitVersion = '' } = options;
  const { definitions } = options.resources;
  const slis = sliMetrics();
  const { live, ready, stopping } = healthOf(options);
  const definition = (group: string, version: string, plural: string) => definitions.find(group, version, plural);
  const watches = new WatchBudget(options.watchLimits ?? WATCH_LIMITS);
  const load = { of: resourceLoads(options.resources, clock), watchers: (request: ApiRequest) => watches.watching(request) };
  const waitMs = (options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS) / 4;
  const flow = options.flow && createFlowControl({ reader: core.objects, clock, waitMs, load, ...options.flow });
  const app = createApp({
    documents: options.documents ?? [],
    ready: slis.observed('readyz', ready),
    live: slis.observed('livez', live),
    metrics: {
      '/metrics': () => metrics.render(),
      '/metrics/slis': () => slis.render(),
      '/metrics/resources': podResourceMetrics(core.objects),
    },
    zpages: options.zpages ?? [],
    debug: (path, query) => flow && dumpFlowControl(flow, path, query),
  });
  observeStorage(metrics.registry, options.resources);
  observeState({ watches, gitVersion }, metrics.registry);
  observeApiServices(core.objects, metrics.registry);
  if (flow) observeFlowControl(flow, metrics.registry);
  const access = accessMetrics(metrics.registry, clock);
  const authenticate = requestAuthenticator({
    authenticator,
    roots: options.roots,
    allowsAnonymous: options.allowsAnonymous,
    certificateSeen: certificateMetrics(metrics.registry),
    clock,
  });
  const closing = new AbortController();
  const frontOptions: FrontOptions = {
    registry: core.registry,
    definition,
    authenticate: access.authenticates(authenticate),
    impersonate: options.impersonate,
    authorizer: access.authorizes(authorizer),
    extensions: options.extensions,
    streams: admittedStreams(streams, { admission: core.admission, definition }),
    fallback: (raw, reply) => app(raw, reply),
    columnHeads: createColumnHeads(options.fieldTexts ?? (async () => new Map())),
    metrics,
    clock,
    log,
    newAuditId: newUuid,
    flow,
    watches,
    requestTimeoutMs: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    closing: closing.signal,
    audit:
      options.audit && createAuditor({ policy: options.audit.policy, clock, ...countedAudit(options.audit.backend, metrics.registry) }),
  };
  const front = createFront(frontOptions);
  const upgrade = createUpgrade(frontOptions);
  const component = createHttpsServer({
    tls: options.tls,
    bindAddress: options.bindAddress,
    port: options.port,
    onRequest: (raw, reply) => void front(raw, reply),
    onUpgrade: (raw, socket, head) => void upgrade(raw, socket, head),
    onHandshakeFailure: access.handshakeFailed,
    onStopping: stopping,
    onClosing: () => closing.abort(),
    limits: options.connectionLimits,
    shutdownDelayMs: options.shutdownDelayMs,
    clock,
    log,
  });
  return { ...core, component, address: () => component.address(), metrics };
}
