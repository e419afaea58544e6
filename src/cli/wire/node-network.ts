import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hostResolvers } from '../../agent/dns/forward.ts';
import { createDnsServer } from '../../agent/dns/server.ts';
import { zoneView } from '../../agent/dns/zone-view.ts';
import { addLocalAddress, addServiceRoute, forgetUdpFlows, nft, setSysctls, writeCniConfig } from '../../agent/network/pod-network.ts';
import { createProxy } from '../../agent/proxy/proxy.ts';
import type { KubeletMetrics } from '../../agent/streaming/kubelet-metrics.ts';
import { pods } from '../../api/index.ts';
import type { Component } from '../../base/component.ts';
import { runInOrder } from '../../base/run-in-order.ts';
import type { Informers } from '../../client/informer.ts';
import type { Ambient } from './ambient.ts';
import { pathsOf } from './paths.ts';
import type { NodeSettings } from './settings.ts';

const RESOLV_CONF = '/etc/resolv.conf';

/** Writes the node's CNI configuration as soon as it knows its part of the pod addresses. */
export function podNetwork(settings: NodeSettings, { log }: Ambient): { podCidrsChanged: (podCidrs: readonly string[]) => void } {
  const paths = pathsOf(settings.dataDir);
  return {
    podCidrsChanged(podCidrs) {
      if (settings.disable.includes('cni')) return;
      writeCniConfig(paths.cniConfDir, { podCidrs, ipamDir: paths.cniIpamDir, mtu: 0 }).then(
        () => log.info({ podCidrs }, 'pod network configured'),
        (error: unknown) => log.error({ error, podCidrs }, 'the pod network could not be configured'),
      );
    },
  };
}

/** The cluster DNS address becomes one of the node's own; which one it was is written down for uninstall. */
function dnsAddress(settings: NodeSettings): Component {
  return {
    name: 'dns address',
    async run({ signal, ready }) {
      const { agentDir } = pathsOf(settings.dataDir);
      await mkdir(agentDir, { recursive: true });
      await writeFile(join(agentDir, 'dns-address'), `${settings.clusterDns}\n`);
      await addLocalAddress(settings.clusterDns, { signal });
      ready();
    },
  };
}

/** A machine without an uplink gets a route to Services; written down for uninstall. */
function serviceRoute(settings: NodeSettings, { log }: Ambient): Component {
  return {
    name: 'service route',
    async run({ signal, ready }) {
      const { agentDir } = pathsOf(settings.dataDir);
      const made: string[] = [];
      for (const range of settings.serviceCidr) {
        const source = settings.nodeIp.find((address) => address.includes(':') === range.includes(':'));
        if (!(await addServiceRoute(range, source, { signal }))) continue;
        made.push(range);
        await writeFile(join(agentDir, 'service-route'), `${made.join('\n')}\n`);
        log.info({ serviceCidr: range }, 'no default route: Services are routed to loopback');
      }
      ready();
    },
  };
}

/** Services and DNS of a real node. */
export function nodeNetwork(
  settings: NodeSettings,
  { informers, metrics }: { informers: Informers; metrics: Pick<KubeletMetrics, 'proxy'> },
  { clock, random, log }: Ambient,
): Component[] {
  const own = new Set([settings.clusterDns]);
  const hasDns = !settings.disable.includes('dns');
  const components: Component[] = [
    {
      name: 'kernel settings',
      async run({ ready }) {
        await setSysctls(log);
        ready();
      },
    },
  ];
  if (!settings.disable.includes('proxy')) {
    const localPods = informers.informer(pods, { scope: { fieldSelector: `spec.nodeName=${settings.nodeName}` } });
    const ownAddresses = hasDns ? own : new Set<string>();
    const proxy = {
      nodeName: settings.nodeName,
      informers,
      localPods,
      clusterCidrs: settings.clusterCidr,
      ownAddresses,
      nft,
      forgetUdpFlows,
      observer: metrics.proxy(),
      clock,
      log,
    };
    components.push(createProxy(proxy), serviceRoute(settings, { clock, random, log }));
  }
  if (hasDns) {
    const view = zoneView(informers, settings.clusterDomain);
    const resolvers = () => hostResolvers(RESOLV_CONF, own);
    const server = createDnsServer({ view, address: settings.clusterDns, resolvers, random, log });
    components.push({ name: 'cluster dns', run: (options) => runInOrder([dnsAddress(settings), server], options) });
  }
  return components;
}
