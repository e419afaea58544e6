import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Component } from '../../base/component.ts';
import { UsageError } from '../exit.ts';
import type { Ambient } from './ambient.ts';
import { assembleControlPlane, defaultDnsAddress } from './api-server.ts';
import { controlLoops, schedulerConfiguration } from './control-loops.ts';
import { fakeDialer } from './dev-dialer.ts';
import { type FakeNodes, fakeNodes } from './dev-nodes.ts';
import { pathsOf } from './paths.ts';
import { runProcess } from './process.ts';
import { writeKubeconfig } from './server.ts';
import type { ServerSettings } from './settings.ts';

/** What `minik dev` was told. */
export interface DevOptions {
  /** Gets certificates and kubeconfig.yaml. */
  readonly dataDir: string;
  readonly bindAddress: string;
  readonly httpsListenPort: number;
  /** Fake ones. */
  readonly nodes: number;
  readonly schedulerConfig?: string;
  readonly runtimeConfig?: readonly string[];
}

const SERVICE_CIDR = ['10.43.0.0/16'];
/** Room for more than 30,000 nodes of 254 pods. */
const CLUSTER_CIDR = ['10.128.0.0/9'];

const settingsOf = ({ dataDir, bindAddress, httpsListenPort, runtimeConfig }: DevOptions): ServerSettings => ({
  dataDir,
  runtimeConfig,
  bindAddress,
  httpsListenPort,
  tlsSan: [bindAddress],
  clusterCidr: CLUSTER_CIDR,
  serviceCidr: SERVICE_CIDR,
  serviceNodePortRange: '30000-32767',
  clusterDns: defaultDnsAddress(SERVICE_CIDR),
  clusterDomain: 'cluster.local',
  datastoreEndpoint: 'memory:',
  disable: [],
  nodeIp: ['127.0.0.1'],
  nodeName: 'dev',
});

/** A cluster that forgets, with fake nodes, until the process is told to stop. `say` gets what a person has to know, once all nodes are Ready. */
export async function runDev(options: DevOptions, { say, ...ambient }: Ambient & { say: (text: string) => void }): Promise<void> {
  const { clock, log } = ambient;
  const started = clock.monotonic();
  const settings = settingsOf(options);
  const { dataDir, nodes } = options;
  // Its certificates would be renewed under it, its kubeconfig replaced.
  if (existsSync(join(pathsOf(dataDir).serverDir, 'state.db')))
    throw new UsageError(`the data directory ${dataDir} is that of a minik server`);
  const scheduler = await schedulerConfiguration(options);
  let fakes: FakeNodes | undefined;
  const dialer = fakeDialer((nodeName) => fakes?.routesOf(nodeName));
  const plane = await assembleControlPlane(settings, ambient, { createDialer: () => dialer });
  const path = join(dataDir, 'kubeconfig.yaml');
  const administration: Component = {
    name: 'kubeconfig',
    async run({ ready }) {
      await writeKubeconfig(path, plane, options.bindAddress);
      ready();
    },
  };
  const { clusterDns, clusterDomain } = settings;
  const transportOf = plane.server.localTransport;
  fakes = fakeNodes({ count: nodes, clusterDns, clusterDomain, transportOf }, ambient);
  const loops = controlLoops(settings, { ...plane, scheduler }, ambient);
  const components = [...plane.components, administration, loops, fakes.component];
  const ready = () => {
    const seconds = ((clock.monotonic() - started) / 1000).toFixed(2);
    say(`minik dev is up after ${seconds} s: ${nodes} fake node${nodes === 1 ? '' : 's'}, nothing is kept. In another terminal:`);
    say(`  export KUBECONFIG=${path}`);
    say('  kubectl get nodes');
  };
  try {
    await runProcess(components, { clock, log, ready });
  } finally {
    await plane.close();
  }
}
