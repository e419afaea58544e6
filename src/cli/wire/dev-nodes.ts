import { type Agent, type AgentOptions, createAgent } from '../../agent/agent.ts';
import type { NodeFacts } from '../../agent/node/node-facts.ts';
import { FakeStorage } from '../../agent/pods/fake-storage.ts';
import { type Informers as AgentInformers, noCgroups } from '../../agent/pods/ports.ts';
import type { Prober } from '../../agent/probes/prober.ts';
import { nodeStats, type Usage } from '../../agent/stats/node-stats.ts';
import { statsPages } from '../../agent/stats/stats-pages.ts';
import { createKubeletMetrics, type KubeletMetrics } from '../../agent/streaming/kubelet-metrics.ts';
import { type KubeletRoutes, kubeletRoutes } from '../../agent/streaming/kubelet-routes.ts';
import { createConfigSource } from '../../agent/volumes/config-source.ts';
import { pods } from '../../api/index.ts';
import type { Pod } from '../../api/schema/generated/types.ts';
import type { Transport } from '../../api/transport.ts';
import { type Component, runAll } from '../../base/component.ts';
import { nthAddress } from '../../base/ip.ts';
import { createClient } from '../../client/client.ts';
import { eventRecorder } from '../../client/events.ts';
import { createInformers } from '../../client/informer.ts';
import { noSuchImage } from '../../runtime/fake-registry.ts';
import { FakeRuntime } from '../../runtime/fake-runtime.ts';
import { type FakeOutcome, outcomeByAnnotation, usageByAnnotation } from '../../runtime/fake-state.ts';
import type { ContainerConfig, SandboxConfig } from '../../runtime/runtime.ts';
import { GIT_VERSION } from '../version.ts';
import type { Ambient } from './ambient.ts';
import { endsBeforeOthersStart } from './dev-init-containers.ts';
import { podsByNode } from './dev-pods.ts';

export interface FakeNodesOptions {
  /** How many; they are named `fake-0`, `fake-1`, … */
  readonly count: number;
  readonly clusterDns: string;
  readonly clusterDomain: string;
  /** A door to the API server as this user. */
  readonly transportOf: (user: { name: string; groups: readonly string[] }, userAgent: string) => Transport;
}

/** Set aside for benchmarks of networks (RFC 2544): the nodes' addresses lead nowhere. */
const NODE_ADDRESSES = '198.18.0.0/15';

/** What every fake node is like; the same on any machine, so that what is scheduled where is, too. */
const FACTS: NodeFacts = {
  machineId: 'fake',
  systemUuid: 'fake',
  bootId: 'fake',
  kernelVersion: '6.12.0-fake',
  osImage: 'minik dev',
  architecture: 'amd64',
  cpuCount: 8,
  swapBytes: 0,
  memoryBytes: 32 * 2 ** 30,
  storageBytes: 200 * 2 ** 30,
  hugePages: {},
};

/** What a fake node uses for itself: 20m of CPU, 256 MiB. */
const idleUsage = (startedMs: number, atMs: number): Usage => ({
  atMs,
  cpuUsageNanos: (atMs - startedMs) * 20_000,
  memoryUsageBytes: 256 * 2 ** 20,
  memoryWorkingSetBytes: 256 * 2 ** 20,
});

/** A container that runs is healthy: it has no process that could be asked, and no address that anybody answers at. */
const fakeProber: Prober = {
  probe: async () => ({ outcome: 'success', message: '' }),
  runHook: async () => {},
};

export interface FakeNodes {
  readonly component: Component;
  /** The kubelet API of a node; undefined: there is no such node. */
  routesOf(nodeName: string): KubeletRoutes | undefined;
}

/**
 * Nodes of real agents on fake runtimes: pods become Ready, end, restart and are deleted as on real nodes, without a process. All nodes share one view of
 * pods and Services. Containers use as much as their pods' annotations say at the moment (usageByAnnotation).
 */
export function fakeNodes(options: FakeNodesOptions, ambient: Ambient): FakeNodes {
  const client = createClient(
    options.transportOf({ name: 'minik:fake-nodes', groups: ['system:masters', 'system:authenticated'] }, 'kubelet'),
  );
  const shared = createInformers({ client, ...ambient });
  const podsOf = podsByNode(shared);
  const informersOf = (nodeName: string): AgentInformers => ({
    informer: (resource, how) => ((resource as unknown) === pods ? (podsOf(nodeName) as never) : shared.informer(resource, how)),
  });
  const nodes = Array.from({ length: options.count }, (_, index) => {
    const nodeName = `fake-${index}`;
    return fakeNode(
      { ...options, nodeName, nodeIp: nthAddress(NODE_ADDRESSES, index + 1) ?? '', informers: informersOf(nodeName) },
      ambient,
    );
  });
  const routes = new Map(nodes.map((node) => [node.nodeName, node.routes]));
  return {
    component: { name: 'fake nodes', run: (run) => runAll([shared, ...nodes.map(({ component }) => component)], run) },
    routesOf: (nodeName) => routes.get(nodeName),
  };
}

type FakeNodeOptions = FakeNodesOptions & { nodeName: string; nodeIp: string; informers: AgentInformers };

function fakeNode({ nodeName, nodeIp, informers, ...options }: FakeNodeOptions, { clock, random, log }: Ambient) {
  const user = { name: `system:node:${nodeName}`, groups: ['system:nodes', 'system:authenticated'] };
  const client = createClient(options.transportOf(user, 'kubelet'));
  const events = eventRecorder({ client, component: 'kubelet', host: nodeName, clock, log });
  const livePods = informers.informer<Pod>(pods, { scope: { fieldSelector: `spec.nodeName=${nodeName}` } });
  const usage = (container: ContainerConfig, { metadata }: SandboxConfig) => {
    const annotations = livePods.get(`${metadata.namespace}/${metadata.name}`)?.metadata?.annotations ?? {};
    return usageByAnnotation((name) => annotations[`${name}.${container.metadata.name}`] ?? annotations[name]);
  };
  const outcome = (container: ContainerConfig, sandbox: SandboxConfig): FakeOutcome => {
    const told = outcomeByAnnotation(container, sandbox);
    const pod = livePods.get(`${sandbox.metadata.namespace}/${sandbox.metadata.name}`);
    const ends = told.does === 'run' && endsBeforeOthersStart(pod, container.metadata.name);
    return ends ? { does: 'exit', exitCode: 0, afterMs: 0 } : told;
  };
  const runtime = new FakeRuntime({ clock, podCidr: '', usage, outcome, fault: noSuchImage });
  const agentOptions: AgentOptions = {
    nodeName,
    nodeIps: [nodeIp],
    labels: { 'minik.dev/fake': 'true' },
    client,
    informers,
    runtime,
    facts: async () => FACTS,
    kubeletPort: 0,
    version: GIT_VERSION,
    podCidrsChanged: (cidrs) => void runtime.setPodCidr(cidrs.join(), { signal: new AbortController().signal }),
    clusterDns: [options.clusterDns],
    clusterDomain: options.clusterDomain,
    resolvConf: async () => '',
    hosts: async () => '',
    storage: new FakeStorage(),
    configs: createConfigSource({ client, clock }),
    cgroups: noCgroups,
    prober: fakeProber,
    seccompDir: '/var/empty',
    event: events.event,
    clock,
    random,
    log,
  };
  const agent: Agent = createAgent(agentOptions);
  const { directory } = agent;
  const startedMs = clock.now();
  const stats = nodeStats({ runtime, directory, besidesPods: () => idleUsage(startedMs, clock.now()), clock });
  const machine = async () => ({ cpuCount: FACTS.cpuCount, memoryBytes: FACTS.memoryBytes });
  // Made for the nodes that somebody asks: there may be thousands.
  let known: KubeletMetrics | undefined;
  const metrics = () => {
    known ??= createKubeletMetrics({ nodeName, version: GIT_VERSION, clock });
    return known;
  };
  const routes = kubeletRoutes({
    directory,
    metrics: { page: (now) => metrics().page(now), slis: () => metrics().slis() },
    probes: () => agent.probeMetrics(),
    stats: statsPages({ nodeName, stats, machine }),
    clock,
  });
  const component: Component = { name: `node ${nodeName}`, run: (run) => runAll([events, agent], run) };
  return { nodeName, routes, component };
}
