import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Cgroups } from '../../agent/host/cgroups.ts';
import { readMachine } from '../../agent/host/machine.ts';
import { readBlockDeviceNames, readFilesystem, readMachineUsage } from '../../agent/host/usage.ts';
import { createNodeCertificate } from '../../agent/join/node-certificate.ts';
import { nodeStats } from '../../agent/stats/node-stats.ts';
import { podUsage } from '../../agent/stats/pod-usage.ts';
import { type Disks, type StatsPages, statsPages } from '../../agent/stats/stats-pages.ts';
import { kubeletAccess } from '../../agent/streaming/kubelet-access.ts';
import { createKubeletApi } from '../../agent/streaming/kubelet-api.ts';
import type { KubeletMetrics } from '../../agent/streaming/kubelet-metrics.ts';
import { kubeletRoutes } from '../../agent/streaming/kubelet-routes.ts';
import type { PodDirectory } from '../../agent/streaming/pod-directory.ts';
import type { Clock } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import { runInOrder } from '../../base/run-in-order.ts';
import type { Client } from '../../client/client.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Ambient } from './ambient.ts';
import { pathsOf } from './paths.ts';
import type { NodeSettings } from './settings.ts';

const KUBELET_PORT = 10250;
/** The identity that the API server calls kubelets with. */
const API_SERVER = 'kube-apiserver-kubelet-client';

/** The kubelet's usual port, or any free one when another node on this machine has it: the Node object says which. */
export async function chooseKubeletPort(): Promise<number> {
  for (const port of [KUBELET_PORT, 0]) {
    const probe = createServer();
    try {
      probe.listen(port);
      await once(probe, 'listening');
      return (probe.address() as { port: number }).port;
    } catch {
      // Taken: ask the kernel for a free one.
    } finally {
      probe.close();
    }
  }
  return KUBELET_PORT;
}

/** The node's HTTPS API with a serving certificate that the cluster signed for the node's own addresses. */
export function nodeApi(
  settings: NodeSettings,
  options: {
    client: Client;
    clientCa: string;
    port: number;
    runtime: Runtime;
    directory: PodDirectory;
    probes: () => string;
    metrics: KubeletMetrics;
    cgroups: Cgroups;
    claimedVolumes: Disks['claimedVolumes'];
  },
  { clock, random, log }: Ambient,
): Component {
  const { nodeName } = settings;
  const { client, runtime, directory } = options;
  const serving = createNodeCertificate({
    purpose: 'serving',
    nodeName,
    names: [nodeName, ...settings.nodeIp],
    directory: join(pathsOf(settings.dataDir).agentDir, 'pki'),
    client: () => client,
    clock,
    random,
    log,
  });
  options.metrics.certificate('serving', serving);
  const api = createKubeletApi({
    address: '::',
    port: options.port,
    certificate: () => ({ ...(serving.current() ?? { cert: '', key: '' }), clientCa: options.clientCa }),
    onCertificateChange: (listener) => serving.onChange(listener),
    access: kubeletAccess({ nodeName, trusted: new Set([API_SERVER]), client: () => client, clock }),
    runtime,
    directory,
    routes: kubeletRoutes({
      directory,
      metrics: options.metrics,
      probes: options.probes,
      stats: nodeStatsPages(settings, { ...options, clock }),
      clock,
    }),
    log,
  });
  return { name: 'kubelet api', run: (run) => runInOrder([serving, api], run) };
}

interface StatsSources {
  readonly runtime: Runtime;
  readonly directory: PodDirectory;
  readonly cgroups: Cgroups;
  readonly claimedVolumes: Disks['claimedVolumes'];
  readonly clock: Clock;
}

/** What the node, its pods and containers use: of the kernel, of the pods' cgroups and of the runtime. */
function nodeStatsPages(
  { nodeName, dataDir }: NodeSettings,
  { runtime, directory, cgroups, claimedVolumes, clock }: StatsSources,
): StatsPages {
  const machineUsage = () => readMachineUsage(dataDir, clock);
  const stats = nodeStats({ runtime, directory, podUsage: podUsage(cgroups), machineUsage, clock });
  const kernel = { activity: cgroups.activity, deviceNames: readBlockDeviceNames };
  return statsPages({ nodeName, stats, machine: readMachine, kernel, disks: { claimedVolumes, filesystem: readFilesystem } });
}
