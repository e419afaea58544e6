import { fullRegistry as builtIn } from '../../api/index.ts';
import type { LiveRegistry } from '../../api/live-registry.ts';
import type { Transport } from '../../api/transport.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { type Aggregator, aggregator } from '../../server/aggregation/aggregator.ts';
import { extensionOpenApi } from '../../server/aggregation/extension-open-api.ts';
import { type ExtensionRequests, extensionRequests } from '../../server/aggregation/extension-requests.ts';
import { type ExtensionServers, openExtensionServers } from '../../server/aggregation/extension-servers.ts';
import { type ExtensionProxy, extensionProxy } from '../../server/aggregation/proxy.ts';
import type { Outbound } from '../../server/outbound/outbound.ts';
import type { Pki } from '../../server/pki/pki.ts';
import type { ObjectReader } from '../../server/ports.ts';

export interface Aggregation extends Disposable {
  readonly servers: ExtensionServers;
  readonly proxy: ExtensionProxy;
  readonly requests: ExtensionRequests;
  readonly openApi: ReturnType<typeof extensionOpenApi>;
  readonly remote: Aggregator['remote'];
  readonly component: Aggregator['component'];
}

export interface AggregationOptions {
  readonly objects: ObjectReader;
  readonly outbound: Outbound;
  readonly pki: Pick<Pki, 'frontProxyClient'>;
  readonly definitions: LiveRegistry;
  /** As AGGREGATOR_USER; asked for once the server is there. */
  readonly transport: () => Transport;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Extension API servers: who they are, the way to them, and what they serve. */
export async function openAggregation({
  objects,
  outbound,
  pki,
  definitions,
  transport,
  clock,
  log,
}: AggregationOptions): Promise<Aggregation> {
  const identity = await pki.frontProxyClient();
  const frontProxy = () => ({ cert: identity.current().certPem, key: identity.current().keyPem });
  const servers = openExtensionServers(objects);
  const remoteOptions = { outbound, frontProxy, clock };
  const later: Transport = {
    request: (request, options) => transport().request(request, options),
    watch: (request, options) => transport().watch(request, options),
  };
  const { component, remote } = aggregator({
    ...remoteOptions,
    servers,
    objects,
    transport: later,
    registry: () => definitions.current(),
    builtIn: new Set(builtIn.groups.map(({ name }) => name)),
    log,
  });
  return {
    servers,
    proxy: extensionProxy({ servers, outbound, frontProxy }),
    requests: extensionRequests({ servers, outbound, frontProxy }),
    openApi: extensionOpenApi(servers, remoteOptions),
    remote,
    component,
    [Symbol.dispose]: () => servers[Symbol.dispose](),
  };
}
