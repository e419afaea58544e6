import { serviceKeyOf, TRIGGER_TIME } from '../../api/discovery/endpoint-slice.ts';
import { endpointSlices, services } from '../../api/index.ts';
import type { EndpointSlice, Pod, Service } from '../../api/schema/generated/types.ts';
import { isAbort } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import { createNotifier } from '../../base/notifier.ts';
import type { Informer, Informers } from '../../client/informer.ts';
import { planRuleset } from './nft-plan.ts';
import { planScript, type Ruleset } from './ruleset-plan.ts';
import { type Family, type Frontend, frontendsOf, hostPortFrontends, type Place } from './service-plan.ts';

/** Our own tables, one a family; nobody else's rules are read or touched. */
export const NFT_TABLES: Readonly<Record<Family, string>> = { IPv4: 'ip minik', IPv6: 'ip6 minik' };

/** Changes come in bursts: what arrives within this time is applied together. */
const GATHER_MS = 10;
/** After a failure the table is made anew, at the earliest after this time. */
const RETRY_MS = 2_000;

/** Told of what the proxy's metrics count. */
export interface ProxyObserver {
  serviceChanged(service: string): void;
  /** `triggeredMs`: when the pod or Service changed that the endpoints changed for, since the epoch. */
  endpointsChanged(family: Family, service: string, triggeredMs: number | undefined): void;
  queued(families: readonly Family[]): void;
  /** What changed so far is looked at from now on. */
  began(): void;
  /** `full`: the whole table was made anew. */
  synced(family: Family, round: { readonly seconds: number; readonly full: boolean; readonly failed: boolean }): void;
}

export interface ProxyOptions {
  readonly nodeName: string;
  readonly informers: Informers;
  /** Pods of this node. */
  readonly localPods: Informer<Pod>;
  readonly clusterCidrs: readonly string[];
  readonly ownAddresses: ReadonlySet<string>;
  /** Runs one nft script as one transaction; rejects when the kernel refuses it. */
  readonly nft: (script: string, options: { signal: AbortSignal }) => Promise<void>;
  /** Forgets UDP flows to an address and port whose backends changed: the kernel would go on sending to the old ones. */
  readonly forgetUdpFlows: (address: string, port: number, options: { signal: AbortSignal }) => Promise<void>;
  /** Absent: nobody counts. */
  readonly observer?: ProxyObserver;
  readonly clock: Clock;
  readonly log: Logger;
}

const FAMILIES: readonly Family[] = ['IPv4', 'IPv6'];
const isFamily = (address: string, family: Family) => address.includes(':') === (family === 'IPv6');

/** UDP sockets whose backends are not the same any more. */
export function changedUdpSockets(before: readonly Frontend[], after: readonly Frontend[]): { address: string; port: number }[] {
  const now = new Map(after.map((f) => [f.id, JSON.stringify(f.backends)]));
  const changed = before.filter((f) => f.protocol === 'udp' && now.get(f.id) !== JSON.stringify(f.backends));
  return changed.flatMap((f) => f.ips.map((address) => ({ address, port: f.port })));
}

/** Keeps the node's nftables table equal to what Services, EndpointSlices and host ports ask for. */
export function createProxy(options: ProxyOptions): Component {
  const { informers, localPods, observer, clock, log } = options;
  const serviceInformer = informers.informer(services);
  const sliceInformer = informers.informer(endpointSlices, { indexes: { service: (slice: EndpointSlice) => [serviceKeyOf(slice)] } });
  const applied = new Map<Family, { rules: Ruleset; frontends: readonly Frontend[] }>();
  const changes = createNotifier();

  function frontends(family: Family): Frontend[] {
    const place: Place = { nodeName: options.nodeName, family, ownAddresses: options.ownAddresses };
    const ofServices = serviceInformer
      .list()
      .flatMap((service: Service) =>
        frontendsOf(service, sliceInformer.by('service', `${service.metadata?.namespace}/${service.metadata?.name}`), place),
      );
    return [...ofServices, ...localPods.list().flatMap((pod) => hostPortFrontends(pod, family))];
  }

  async function apply(family: Family, signal: AbortSignal): Promise<void> {
    const before = applied.get(family);
    const wanted = frontends(family);
    const localPodIps = localPods
      .list()
      .filter((pod) => !pod.spec?.hostNetwork)
      .flatMap((pod) => (pod.status?.podIPs ?? []).map((p) => p.ip))
      .filter((ip) => isFamily(ip, family));
    const clusterCidr = options.clusterCidrs.find((cidr) => isFamily(cidr, family));
    const rules = planRuleset(wanted, { family, clusterCidr, localPodIps: [...new Set(localPodIps)] });
    const script = planScript(NFT_TABLES[family], before?.rules, rules);
    if (script === '') return;
    await options.nft(script, { signal });
    applied.set(family, { rules, frontends: wanted });
    for (const { address, port } of changedUdpSockets(before?.frontends ?? [], wanted)) {
      await options
        .forgetUdpFlows(address, port, { signal })
        .catch((error: unknown) => log.debug({ error, address, port }, 'conntrack entries stay'));
    }
  }

  /** IPv6 rules are only made where the cluster has IPv6 addresses. */
  const inUse = (family: Family) => family === 'IPv4' || options.clusterCidrs.some((cidr) => isFamily(cidr, family));

  const families = FAMILIES.filter(inUse);

  async function applyAll(signal: AbortSignal): Promise<boolean> {
    let ok = true;
    observer?.began();
    for (const family of families) {
      const [startedMs, full] = [clock.monotonic(), !applied.has(family)];
      const synced = (failed: boolean) => observer?.synced(family, { seconds: (clock.monotonic() - startedMs) / 1000, full, failed });
      try {
        await apply(family, signal);
        synced(false);
      } catch (error) {
        if (isAbort(error, signal)) return false;
        ok = false;
        applied.delete(family);
        synced(true);
        log.error({ error, family }, 'the service rules could not be applied');
      }
    }
    return ok;
  }

  function onChange(): void {
    observer?.queued(families);
    changes.notify();
  }

  function onSlice(slice: EndpointSlice): void {
    const family = families.find((each) => each === slice.addressType);
    const triggered = slice.metadata?.annotations?.[TRIGGER_TIME];
    if (family) observer?.endpointsChanged(family, serviceKeyOf(slice), triggered === undefined ? undefined : Date.parse(triggered));
    onChange();
  }

  function onService({ metadata }: Service): void {
    observer?.serviceChanged(`${metadata?.namespace}/${metadata?.name}`);
    onChange();
  }

  return {
    name: 'proxy',
    async run({ signal, ready }) {
      try {
        await Promise.all([serviceInformer, sliceInformer, localPods].map((informer) => informer.whenSynced({ signal })));
        using _services = serviceInformer.onChange(({ object }) => onService(object));
        using _slices = sliceInformer.onChange(({ object }) => onSlice(object));
        using _pods = localPods.onChange(onChange);
        for (;;) {
          const ok = await applyAll(signal);
          if (ok) {
            ready();
            await changes.wait({ signal });
          }
          await clock.sleep(ok ? GATHER_MS : RETRY_MS, { signal });
        }
      } catch (error) {
        if (!isAbort(error, signal)) throw error;
      }
    },
  };
}
