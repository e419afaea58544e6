import { isAvailable } from '../../api/apiregistration/api-service.ts';
import type { APIService } from '../../api/schema/generated/types.ts';
import { type OutboundEndpoint, pemOf } from '../outbound/outbound.ts';
import type { ObjectReader } from '../ports.ts';

export const API_SERVICES = 'apiservices.apiregistration.k8s.io';

/** One group and version that somebody else answers. */
export interface ExtensionServer {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly groupPriority: number;
  readonly versionPriority: number;
  readonly available: boolean;
  readonly endpoint: OutboundEndpoint;
  /** The same for all APIServices behind one Service. */
  readonly service: string;
}

/** The APIServices that name a Service, by group and version; looked up for each request, compiled when they change. */
export interface ExtensionServers extends Disposable {
  readonly all: readonly ExtensionServer[];
  find(group: string, version: string): ExtensionServer | undefined;
}

export function openExtensionServers(objects: ObjectReader): ExtensionServers {
  let known: ReadonlyMap<string, ExtensionServer> | undefined;
  const watching = objects.onChange(API_SERVICES, () => {
    known = undefined;
  });
  const current = () => {
    known ??= new Map(objects.list<APIService>(API_SERVICES).flatMap(compile));
    return known;
  };
  return {
    get all() {
      return [...current().values()];
    },
    find: (group, version) => (current().size === 0 ? undefined : current().get(`${group}/${version}`)),
    [Symbol.dispose]: () => watching[Symbol.dispose](),
  };
}

function compile(apiService: APIService): [string, ExtensionServer][] {
  const {
    group = '',
    version = '',
    service,
    caBundle,
    insecureSkipTLSVerify,
    groupPriorityMinimum = 0,
    versionPriority = 0,
  } = apiService.spec ?? {};
  if (!service || group === '') return [];
  const { name = '', namespace = '', port } = service;
  const server: ExtensionServer = {
    name: apiService.metadata?.name ?? '',
    group,
    version,
    groupPriority: groupPriorityMinimum,
    versionPriority,
    available: isAvailable(apiService),
    endpoint: {
      target: { service: { name, namespace, ...(port !== undefined && { port }) } },
      caBundle: pemOf(caBundle),
      skipVerification: insecureSkipTLSVerify === true,
    },
    service: `${namespace}/${name}:${port}`,
  };
  return [[`${group}/${version}`, server]];
}
