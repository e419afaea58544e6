import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { KubeObject } from '../../api/meta/object.ts';
import type { Component } from '../../base/component.ts';
import { nthAddress } from '../../base/ip.ts';
import { equivalentsOf } from '../../server/admission/matching/equivalents.ts';
import { AGGREGATOR_USER } from '../../server/aggregation/aggregator.ts';
import { openServerToken } from '../../server/authn/join-token.ts';
import type { ServiceAccountTokens } from '../../server/authn/service-account-token.ts';
import { BOOTSTRAP_USER, bootstrap } from '../../server/bootstrap/bootstrap.ts';
import { componentStatuses } from '../../server/component-statuses.ts';
import { customConversion } from '../../server/crd/admission-conversion.ts';
import { webhookConverter } from '../../server/crd/conversion.ts';
import { eventExpiry } from '../../server/event-expiry.ts';
import { type ReloadedConfig, reloadMetrics } from '../../server/metrics/reload-metrics.ts';
import { observeStorageSize } from '../../server/metrics/storage-metrics.ts';
import { objectReader } from '../../server/object-reader.ts';
import { createOutbound } from '../../server/outbound/outbound.ts';
import { CLIENTS, openPki, type Pki } from '../../server/pki/pki.ts';
import { servingNames } from '../../server/pki/serving-names.ts';
import { admittedFirst } from '../../server/registry/admit.ts';
import type { Resources } from '../../server/registry/resources.ts';
import { kubeletSource } from '../../server/resource-metrics/kubelet-source.ts';
import { resourceMetrics } from '../../server/resource-metrics/resource-metrics.ts';
import { createSampler } from '../../server/resource-metrics/sampler.ts';
import { type ApiServer, createApiServer } from '../../server/server.ts';
import { readFirst } from '../../server/subresources/token.ts';
import { assembleTrust } from '../../server/trust.ts';
import { createDialer as kubeletDialer } from '../../server/tunnel/kubelet.ts';
import { podStreams } from '../../server/tunnel/pod-streams.ts';
import { proxyStreams } from '../../server/tunnel/proxy.ts';
import { UsageError } from '../exit.ts';
import { GIT_VERSION } from '../version.ts';
import { assembleAdmission } from './admission.ts';
import { openAggregation } from './aggregation.ts';
import type { Ambient } from './ambient.ts';
import { openAudit } from './audit.ts';
import { componentChecks, type LoopName } from './component-checks.ts';
import { configReload } from './config-reload.ts';
import { documents, fieldTexts } from './documents.ts';
import { listening } from './listen-failure.ts';
import { pathsOf } from './paths.ts';
import type { ServerSettings } from './settings.ts';
import { openStorage, storageSize } from './storage.ts';
import { anonymousAt, clientAuthorities, tokenSettings, trustSettings } from './trust.ts';
import { trustReload } from './trust-reload.ts';
import { zpages } from './zpages.ts';

export interface ControlPlane {
  readonly server: ApiServer;
  readonly pki: Pki;
  readonly tokens: ServiceAccountTokens;
  /** The control loops add themselves while they run. */
  readonly running: Set<LoopName>;
  /** The first address of the service range, where pods find the API. */
  readonly serviceIp: string;
  /** HTTPS first, then the default objects, then certificate renewal. */
  readonly components: readonly Component[];
  /** Flushes and releases the store; after the components have ended. */
  close(): Promise<void>;
}

/** A use that cannot be noted is noted on another day. */
const NOTE_TIMEOUT_MS = 10_000;

const TOKEN_REQUEST = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' };

const firstAddress = ([cidr = '']: readonly string[]): string => {
  const address = nthAddress(cidr, 1);
  if (address === undefined) throw new UsageError(`--service-cidr ${cidr} has no room for a single Service`);
  return address;
};

/** The tenth address of the (first) service range, as most distributions have it; in a small range the one after the API server's. */
export const defaultDnsAddress = ([range = '', ...others]: readonly string[]): string =>
  nthAddress(range, 10) ?? nthAddress(range, 2) ?? firstAddress([range, ...others]);

/** Services of a family that no pod has would lead nowhere. */
function checkFamilies({ clusterCidr, serviceCidr }: ServerSettings): void {
  const isIpv6 = (cidr: string) => cidr.includes(':');
  const lone = serviceCidr.find((range) => !clusterCidr.some((other) => isIpv6(other) === isIpv6(range)));
  if (lone)
    throw new UsageError(`--service-cidr ${lone} is ${isIpv6(lone) ? 'IPv6' : 'IPv4'}, and --cluster-cidr has no range of that for pods`);
}

const portRange = (text: string): { first: number; last: number } => {
  const [first = 0, last = 0] = text.split('-').map(Number);
  return { first, last };
};

const EVENT_TTL_MS = 3_600_000;

function expiryOfEvents({ eventTtl: ttlMs = EVENT_TTL_MS }: ServerSettings, resources: Resources, { clock, log }: Ambient): Component[] {
  const events = resources.byId('events');
  return ttlMs > 0 && events ? [eventExpiry({ collection: events.collection, ttlMs, clock, log })] : [];
}

/** Fits the API server together: store, certificates, trust, HTTP, the way to the agents (`createDialer`). Rejects with UsageError for what the operator can mend. */
export async function assembleControlPlane(
  settings: ServerSettings,
  ambient: Ambient,
  { createDialer = kubeletDialer }: { createDialer?: typeof kubeletDialer } = {},
): Promise<ControlPlane> {
  const { clock, random, log } = ambient;
  const paths = pathsOf(settings.dataDir);
  checkFamilies(settings);
  const serviceIp = firstAddress(settings.serviceCidr);
  const advertiseAddress = settings.advertiseAddress ?? settings.nodeIp[0] ?? '';
  const [{ store, cache, resources, encryption, followedEncryption }, pki] = await Promise.all([
    openStorage(settings, ambient),
    openPki({ dir: paths.tlsDir, clock, log }),
  ]);
  // What is opened keeps the process alive: whoever throws on the way to the end lets go of it.
  await using opened = new AsyncDisposableStack();
  opened.defer(async () => {
    await cache.close();
    await store.close();
  });
  const reader = objectReader(resources);
  const names = servingNames({
    hostName: hostname(),
    clusterDomain: settings.clusterDomain,
    serviceIps: [serviceIp],
    nodeIps: [...settings.nodeIp, advertiseAddress],
    extra: settings.tlsSan,
  });
  const [serving, kubelet, token] = await Promise.all([
    pki.serving(names),
    pki.client(CLIENTS.kubelet),
    openServerToken({ serverDir: paths.serverDir, caHash: pki.caHash, given: settings.token }).catch((error: Error) => {
      throw new UsageError(error.message, { cause: error });
    }),
  ]);
  const serverAddress = `${advertiseAddress.includes(':') ? `[${advertiseAddress}]` : advertiseAddress}:${settings.httpsListenPort}`;
  const outbound = createOutbound({ objects: reader, clock, random });
  opened.defer(async () => outbound[Symbol.dispose]());
  const audit = await openAudit(settings, { ...ambient, outbound });
  opened.defer(async () => audit?.backend.close());
  resources.converter = webhookConverter({ outbound, newUid: () => crypto.randomUUID() });
  const authorities = await clientAuthorities(settings, pki);
  const tokens = await tokenSettings(settings, { own: pki.serviceAccountKeys, serverAddress });
  const { anonymous, followed, trust: believed } = await trustSettings(settings, { serviceAccountIssuers: tokens.issuers });
  const noteUse = ({ metadata }: KubeObject, labels: Readonly<Record<string, string>>) => {
    const body = { metadata: { uid: metadata?.uid, labels } };
    const about = { group: '', version: 'v1', resource: 'secrets', namespace: metadata?.namespace, name: metadata?.name };
    const request = { ...about, verb: 'patch', patchType: 'merge', body } as const;
    const written = server.localTransport(BOOTSTRAP_USER).request(request, { signal: AbortSignal.timeout(NOTE_TIMEOUT_MS) });
    void written.catch((error: Error) => log.warn({ secret: metadata?.name, error: error.message }, 'the use of a token was not noted'));
  };
  const trust = assembleTrust({ ...believed, reader, tokens, noteUse, outbound, clock, log });
  const kubeletCredentials = () => ({ ca: pki.caPem, cert: kubelet.current().certPem, key: kubelet.current().keyPem });
  const dialer = createDialer(reader, kubeletCredentials);
  const sampler = createSampler({ read: kubeletSource(dialer), clock, log });
  const kinds = () => resources.definitions.current();
  const equivalents = equivalentsOf(kinds, customConversion(resources, reader));
  const { authorizer } = trust;
  const admission = await assembleAdmission(
    settings,
    {
      reader,
      kinds,
      equivalents,
      authorizer,
      rbac: trust.rbac,
      outbound,
      transport: () => server.localTransport(BOOTSTRAP_USER, 'kube-apiserver'),
    },
    ambient,
  );
  const { clusterCidr, serviceCidr, clusterDns, clusterDomain } = settings;
  const cluster = { clusterCidr, serviceCidr, clusterDns, clusterDomain };
  const aggregation = await openAggregation({
    objects: reader,
    outbound,
    pki,
    definitions: resources.definitions,
    transport: () => server.localTransport(AGGREGATOR_USER),
    clock,
    log,
  });
  const running = new Set<LoopName>();
  let bootstrapped = false;
  const server = createApiServer({
    resources,
    authenticator: trust.authenticator,
    roots: authorities.roots,
    allowsAnonymous: anonymousAt(anonymous),
    impersonate: trust.impersonate,
    authorizer: trust.authorizer,
    admission: admission.plugins,
    serviceCidrs: settings.serviceCidr,
    nodePortRange: portRange(settings.serviceNodePortRange),
    virtual: {
      ...trust.virtualHandlers,
      ...resourceMetrics({ objects: reader, sampler, clock }),
      componentstatuses: componentStatuses(componentChecks(settings, { store, running })),
    },
    extensionRequests: aggregation.requests,
    subresources: { 'serviceaccounts/token': readFirst(admittedFirst(trust.tokenHandler, TOKEN_REQUEST)) },
    streams: { ...podStreams(dialer, reader), ...proxyStreams(dialer, reader, random) },
    extensions: aggregation.proxy,
    fieldTexts,
    documents: documents({ definitions: resources.definitions, pki, trust, cluster, serverAddress, aggregation }),
    healthChecks: encryption ? [encryption.check] : [],
    readyChecks: [
      // Upstream's name for the check of the store.
      { name: 'etcd', check: async () => void (await store.revision()) },
      {
        name: 'poststarthook/bootstrap',
        check: () => {
          if (!bootstrapped) throw new Error('the default objects are still being written');
        },
      },
    ],
    tls: {
      bounds: { minVersion: settings.tlsMinVersion, suites: settings.tlsCipherSuites },
      current: () => ({ key: serving.current().keyPem, cert: serving.current().certPem, ca: authorities.ca }),
      onRenew: (listener) => serving.onRenew(() => listener()),
    },
    gitVersion: GIT_VERSION,
    zpages: zpages({ settings, clock, definitions: resources.definitions }),
    bindAddress: settings.bindAddress,
    port: settings.httpsListenPort,
    audit,
    requestTimeoutMs: settings.requestTimeout,
    shortestWatchSeconds: settings.minRequestTimeout,
    shutdownDelayMs: settings.shutdownDelayDuration,
    flow: { seats: (settings.maxRequestsInflight ?? 400) + (settings.maxMutatingRequestsInflight ?? 200) },
    clock,
    random,
    log,
  });
  admission.register(server.metrics.registry);
  observeStorageSize(server.metrics.registry, () => storageSize(settings));
  const following = { readFile: (path: string) => readFile(path, 'utf8'), clock, log };
  const reloaded = (which: ReloadedConfig) =>
    reloadMetrics(which, { registry: server.metrics.registry, server: `apiserver-${hostname()}`, clock });
  const reloads = trustReload({
    ...following,
    followed,
    reconfigure: trust.reconfigure,
    serviceAccountIssuers: tokens.issuers,
    metrics: reloaded,
  });
  if (followedEncryption)
    reloads.push(configReload({ ...following, ...followedEncryption, what: 'encryption config', observe: reloaded('encryption') }));
  const dnsAddress = settings.disable.includes('dns') ? undefined : settings.clusterDns;
  const defaults: Component = {
    name: 'bootstrap',
    async run({ signal, ready }) {
      const transport = server.localTransport(BOOTSTRAP_USER, 'kube-apiserver');
      const address = { serviceIp, servicePort: 443, advertiseAddress, advertisePort: server.address().port };
      await bootstrap({
        write: (request, options) => transport.request(request, options),
        reader,
        address,
        pki,
        token,
        serviceCidrs: serviceCidr,
        dnsAddress,
        serves: (id) => resources.byId(id) !== undefined,
        log,
        signal,
      });
      bootstrapped = true;
      ready();
    },
  };
  const storage = opened.move();
  return {
    server,
    running,
    pki,
    tokens: trust.tokens,
    serviceIp,
    components: [
      server.customResources,
      ...expiryOfEvents(settings, resources, ambient),
      listening(server.component, { address: settings.bindAddress, port: settings.httpsListenPort }),
      defaults,
      aggregation.component,
      ...reloads,
      ...(encryption ? [encryption.component] : []),
      pki.renewal,
    ],
    async close() {
      trust[Symbol.dispose]();
      for (const plugin of admission.plugins) plugin[Symbol.dispose]?.();
      aggregation[Symbol.dispose]();
      await storage.disposeAsync();
    },
  };
}
