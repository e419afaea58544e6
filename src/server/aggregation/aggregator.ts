import { apiServices } from '../../api/apiregistration/api-service.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../api/meta/status.ts';
import type { Registry } from '../../api/registry.ts';
import type { APIService, Service } from '../../api/schema/generated/types.ts';
import type { ApiRequest, Transport } from '../../api/transport.ts';
import { isAbort } from '../../base/abort.ts';
import { backoff } from '../../base/backoff.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import { createNotifier } from '../../base/notifier.ts';
import { slicesOf } from '../outbound/service-endpoint.ts';
import type { ObjectReader, UserInfo } from '../ports.ts';
import { copyJson } from '../registry/copy.ts';
import { discoveryFailed, type Finding, findService, LOCAL, PASSED, planStatus } from './availability-plan.ts';
import { API_SERVICES, type ExtensionServer, type ExtensionServers } from './extension-servers.ts';
import { planRegistrations } from './registration-plan.ts';
import { checkDiscovery, fetchResources, type RemoteOptions, type RemoteVersion } from './remote-discovery.ts';

export const AGGREGATOR_USER: UserInfo = { name: 'system:kube-aggregator', groups: ['system:masters', 'system:authenticated'] };

const RETRY = { firstMs: 500, maxMs: 30_000 };
/** Services may stop answering without any object saying so, and what they serve may change. */
const CHECK_EVERY_MS = 30_000;
/** One success of so many is enough: a single lost packet takes no API away. */
const ATTEMPTS = 3;

export interface AggregatorOptions extends RemoteOptions {
  readonly servers: ExtensionServers;
  readonly objects: ObjectReader;
  /** As AGGREGATOR_USER. */
  readonly transport: Transport;
  /** What this server answers itself. */
  readonly registry: () => Registry;
  /** Groups that are there from the start. */
  readonly builtIn: ReadonlySet<string>;
  readonly log: Logger;
}

export interface Aggregator {
  readonly component: Component;
  /** By `group/version`. Another value after every change. */
  remote(): ReadonlyMap<string, RemoteVersion>;
}

/**
 * Keeps APIServices: registers what the server answers itself, says which extension servers can be reached, and knows what they serve.
 * Source: Kubernetes, "Kubernetes API Aggregation Layer".
 */
export function aggregator(options: AggregatorOptions): Aggregator {
  const { objects, servers, log, clock } = options;
  const changed = createNotifier();
  let remote: ReadonlyMap<string, RemoteVersion> = new Map();

  /** True when every extension server is reached. */
  async function pass(signal: AbortSignal): Promise<boolean> {
    await register(options, signal);
    for (const apiService of objects.list<APIService>(API_SERVICES))
      if (!apiService.spec?.service) await report(options, apiService, LOCAL, signal);
    const results = await Promise.all(servers.all.map((server) => look(server, signal)));
    const next = new Map(results.map(({ key, version }) => [key, version]));
    if (JSON.stringify([...next]) !== JSON.stringify([...remote])) remote = next;
    return results.every(({ version }) => version.freshness === 'Current');
  }

  async function look(server: ExtensionServer, signal: AbortSignal): Promise<{ key: string; version: RemoteVersion }> {
    const key = `${server.group}/${server.version}`;
    const finding = await findAvailability(options, server, signal);
    const apiService = objects.get<APIService>(API_SERVICES, '', server.name);
    const stale: RemoteVersion = { resources: remote.get(key)?.resources ?? [], freshness: 'Stale' };
    const version = finding.status === 'True' ? await fetched(server, stale, signal) : stale;
    if (apiService) await report(options, apiService, finding, signal);
    return { key, version };
  }

  async function fetched(server: ExtensionServer, otherwise: RemoteVersion, signal: AbortSignal): Promise<RemoteVersion> {
    try {
      return { resources: await fetchResources(server, options, signal), freshness: 'Current' };
    } catch (error) {
      if (signal.aborted) throw error;
      log.debug(
        { apiService: server.name, error: error instanceof Error ? error.message : String(error) },
        'discovery of an extension server failed',
      );
      return otherwise;
    }
  }

  return {
    remote: () => remote,
    component: {
      name: 'aggregator',
      async run({ signal, ready }) {
        const wake = () => changed.notify();
        /** Services come and go all the time: they matter only when somebody is behind one. */
        const wakeIfRemote = () => void (servers.all.length > 0 && changed.notify());
        using _services = objects.onChange('services', wakeIfRemote);
        using _slices = objects.onChange('endpointslices.discovery.k8s.io', wakeIfRemote);
        using _apiServices = objects.onChange(API_SERVICES, wake);
        using _kinds = objects.onChange('customresourcedefinitions.apiextensions.k8s.io', wake);
        const pause = backoff(RETRY);
        while (!signal.aborted) {
          const complete = await pass(signal).catch((error: unknown) => {
            if (isAbort(error, signal) || signal.aborted) return true;
            log.warn({ error: error instanceof Error ? error.message : String(error) }, 'the aggregator is behind, will retry');
            return false;
          });
          ready();
          if (complete) pause.reset();
          using _later = clock.timer(complete ? CHECK_EVERY_MS : pause.next(), wake);
          await changed.wait({ signal });
        }
      },
    },
  };
}

async function findAvailability(options: AggregatorOptions, server: ExtensionServer, signal: AbortSignal): Promise<Finding> {
  const { objects } = options;
  const apiService = objects.get<APIService>(API_SERVICES, '', server.name);
  const { namespace = '', name = '' } = apiService?.spec?.service ?? {};
  const fault =
    apiService && findService(apiService, objects.get<Service>('services', namespace, name), slicesOf(objects, namespace, name));
  if (fault) return fault;
  const attempts = Array.from({ length: ATTEMPTS }, () => checkDiscovery(server, options, signal));
  try {
    await Promise.any(attempts);
    return PASSED;
  } catch (error) {
    const [first] = (error as AggregateError).errors as Error[];
    return discoveryFailed(first?.message ?? String(error));
  }
}

const target = (name: string | undefined): Omit<ApiRequest, 'verb'> => {
  const { group, version, plural } = apiServices;
  return { group, version, resource: plural, ...(name !== undefined && { name }) };
};

async function register({ registry, builtIn, objects, transport }: AggregatorOptions, signal: AbortSignal): Promise<void> {
  const { create, remove } = planRegistrations(registry().groups, builtIn, objects.list<APIService>(API_SERVICES));
  const settled = async (request: ApiRequest, harmless: (error: unknown) => boolean) => {
    await transport.request(request, { signal }).catch((error: unknown) => {
      if (!harmless(error)) throw error;
    });
  };
  await Promise.all([
    ...create.map((body) => settled({ ...target(undefined), verb: 'create', body }, isAlreadyExists)),
    ...remove.map((name) => settled({ ...target(name), verb: 'delete' }, isNotFound)),
  ]);
}

async function report(
  { transport, clock }: AggregatorOptions,
  apiService: APIService,
  finding: Finding,
  signal: AbortSignal,
): Promise<void> {
  const status = planStatus(apiService, finding, rfc3339(clock.now()));
  if (!status) return;
  const body = copyJson({ ...apiService, status });
  try {
    await transport.request({ ...target(apiService.metadata?.name), verb: 'update', subresource: 'status', body }, { signal });
  } catch (error) {
    // Changed or gone in the meantime: the change wakes the loop again.
    if (!isConflict(error) && !isNotFound(error)) throw error;
  }
}
