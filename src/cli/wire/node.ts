import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAgent } from '../../agent/agent.ts';
import { cgroups, detectCgroups } from '../../agent/host/cgroups.ts';
import { createLogRotation } from '../../agent/logs/rotation.ts';
import { readNodeFacts } from '../../agent/node/node-facts.ts';
import { DiskStorage } from '../../agent/pods/disk-storage.ts';
import { createProber } from '../../agent/probes/prober.ts';
import { createKubeletMetrics, type ShownCertificate } from '../../agent/streaming/kubelet-metrics.ts';
import { createClaimSource } from '../../agent/volumes/claim-source.ts';
import { createConfigSource } from '../../agent/volumes/config-source.ts';
import { hostVolumeMounts } from '../../agent/volumes/host-mounts.ts';
import { createServiceAccountTokens } from '../../agent/volumes/service-account-tokens.ts';
import { createVolumes } from '../../agent/volumes/volumes.ts';
import type { Taint } from '../../api/schema/generated/types.ts';
import type { Transport } from '../../api/transport.ts';
import { type Component, runAll } from '../../base/component.ts';
import { runInOrder } from '../../base/run-in-order.ts';
import { createClient } from '../../client/client.ts';
import { eventRecorder } from '../../client/events.ts';
import type { HttpsTransport } from '../../client/https-transport.ts';
import { createInformers } from '../../client/informer.ts';
import { meteredRuntime } from '../../runtime/metered-runtime.ts';
import { GIT_VERSION } from '../version.ts';
import type { Ambient } from './ambient.ts';
import { chooseKubeletPort, nodeApi } from './node-api.ts';
import { nodeNetwork, podNetwork } from './node-network.ts';
import { openNodeRuntime } from './node-runtime.ts';
import { pathsOf } from './paths.ts';
import type { NodeSettings } from './settings.ts';

const EMPTY = '';
const readText = (path: string) => () => readFile(path, 'utf8').catch(() => EMPTY);

/** `key=value:Effect`, the value may be absent; flags.ts has checked the form. */
export function parseTaint(text: string): Taint {
  const [, key = '', value, effect = ''] = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(text) ?? [];
  return { key, effect, ...(value && { value }) };
}

export const parseLabels = (labels: readonly string[]): Record<string, string> =>
  Object.fromEntries(labels.map((label) => [label.slice(0, label.indexOf('=')), label.slice(label.indexOf('=') + 1)]));

/** Side by side, under one name. */
const together = (name: string, components: readonly Component[]): Component => ({ name, run: (options) => runAll(components, options) });

/**
 * A node of this machine: containerd first, then its view of the cluster, the pods, the network, its HTTPS API. `transport` is its door to the API
 * server, as the node itself; `certificate` what it shows there, and `onRequest` who tells of requests, where that door is HTTPS.
 */
export async function assembleNode(
  settings: NodeSettings,
  {
    transport,
    caPem,
    certificate,
    onRequest,
  }: { transport: Transport; caPem: string; certificate?: ShownCertificate; onRequest?: HttpsTransport['onRequest'] },
  ambient: Ambient,
): Promise<{ component: Component; close(): void }> {
  const { clock, random, log } = ambient;
  const { nodeName } = settings;
  const paths = pathsOf(settings.dataDir);
  await mkdir(paths.podsDir, { recursive: true, mode: 0o750 });
  const [node, kubeletPort, cgroupLayout] = await Promise.all([openNodeRuntime(settings, ambient), chooseKubeletPort(), detectCgroups()]);
  const metrics = createKubeletMetrics({ nodeName, version: GIT_VERSION, clock });
  if (certificate) metrics.certificate('client', certificate);
  if (onRequest) metrics.requests(onRequest);
  const runtime = meteredRuntime(node.runtime, clock, metrics.runtimeOperation);
  const client = createClient(transport);
  const informers = createInformers({ client, clock, log, random });
  const events = eventRecorder({ client, component: 'kubelet', host: nodeName, clock, log });
  const configs = createConfigSource({ client, clock });
  const tokens = createServiceAccountTokens({ client, clock, random });
  const volumes = createVolumes({
    dir: paths.podsDir,
    host: hostVolumeMounts,
    configs,
    claims: createClaimSource({ client }),
    tokens,
    observer: metrics,
    clock,
  });
  const storage = new DiskStorage({ volumes, podsDirectory: paths.podsDir, logsDirectory: paths.podLogsDir, clock, log });
  metrics.volumes(() => storage.volumePlugins());
  const hierarchy = cgroups(cgroupLayout);
  const agent = createAgent({
    nodeName,
    nodeIps: settings.nodeIp,
    labels: parseLabels(settings.nodeLabel),
    taints: settings.nodeTaint.map(parseTaint),
    client,
    informers,
    runtime,
    facts: () => readNodeFacts(settings.dataDir),
    kubeletPort,
    version: GIT_VERSION,
    podCidrsChanged: podNetwork(settings, ambient).podCidrsChanged,
    clusterDns: [settings.clusterDns],
    clusterDomain: settings.clusterDomain,
    resolvConf: readText('/etc/resolv.conf'),
    hosts: readText('/etc/hosts'),
    storage,
    configs,
    cgroups: hierarchy,
    prober: createProber({ runtime, clock }),
    observer: metrics,
    seccompDir: join(paths.agentDir, 'seccomp'),
    event: events.event,
    clock,
    random,
    log,
  });
  const { directory } = agent;
  const rotation = createLogRotation({
    running: () => directory.running(),
    reopen: (id, options) => runtime.reopenContainerLog(id, options),
    clock,
    log,
  });
  const api = nodeApi(
    settings,
    {
      client,
      clientCa: caPem,
      port: kubeletPort,
      runtime,
      directory,
      probes: () => agent.probeMetrics(),
      metrics,
      cgroups: hierarchy,
      claimedVolumes: () => storage.claimedVolumes(),
    },
    ambient,
  );
  const network = nodeNetwork(settings, { informers, metrics }, ambient);
  const steps: Component[] = [
    ...(node.component ? [node.component] : []),
    together('node', [informers, events, storage, agent, rotation, api, ...network]),
  ];
  return { component: { name: 'node', run: (options) => runInOrder(steps, options) }, close: () => node.close() };
}
