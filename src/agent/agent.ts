import { availableParallelism } from 'node:os';
import { pods, services } from '../api/index.ts';
import type { Node, Pod } from '../api/schema/generated/types.ts';
import { aborted } from '../base/abort.ts';
import { type Component, runAll } from '../base/component.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { createImages } from './images/images.ts';
import { Semaphore } from './images/semaphore.ts';
import { createNodeReporter, type NodeReporterOptions } from './node/node-reporter.ts';
import { podDirectory } from './pods/directory.ts';
import { PodWorkers } from './pods/pod-workers.ts';
import type { Informers, NodeObserver, ObjectReader, PodCgroups, PodFacts, PodStorage, RecordEvent } from './pods/ports.ts';
import { ProbeCounts } from './probes/probe-counts.ts';
import type { Prober } from './probes/prober.ts';
import type { PodDirectory } from './streaming/pod-directory.ts';

/** Sandboxes made at the same time. More only makes them wait on each other in the runtime, and the first pod wait for the last. */
const PARALLEL_STARTS = 2 * availableParallelism();
const PARALLEL_PULLS = 4;

export interface AgentOptions extends Omit<NodeReporterOptions, 'runtime' | 'event'> {
  readonly runtime: Runtime;
  /** Shared informers; the owner runs them. */
  readonly informers: Informers;
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
  /** /etc/resolv.conf and /etc/hosts of the node, read when they are needed. */
  readonly resolvConf: () => Promise<string>;
  readonly hosts: () => Promise<string>;
  /** Of a real node a DiskStorage, which its owner runs as well. */
  readonly storage: PodStorage;
  readonly configs: ObjectReader;
  readonly cgroups: PodCgroups;
  readonly prober: Prober;
  /** Absent: nobody counts. */
  readonly observer?: NodeObserver;
  /** Where Localhost seccomp profiles lie. */
  readonly seccompDir: string;
  readonly event: RecordEvent;
}

export interface Agent extends Component {
  /** For the kubelet's HTTP API. */
  readonly directory: PodDirectory;
  /** Text in Prometheus' format: how the probes of its containers went. */
  probeMetrics(): string;
  /** The node's object as last seen. */
  node(): Node | undefined;
}

/**
 * The kubelet: registers the node, keeps its lease and status, runs the pods that are bound to it. Ready when the node is Ready and pods are
 * followed. At the end containers keep running.
 */
export function createAgent(options: AgentOptions): Agent {
  const { nodeName, informers, storage, log } = options;
  const myPods = informers.informer<Pod>(pods, { scope: { fieldSelector: `spec.nodeName=${nodeName}` } });
  const allServices = informers.informer(services);
  const reporter = createNodeReporter(options);
  const facts: PodFacts = {
    ...options,
    hostIps: () => options.nodeIps,
    node: () => reporter.node(),
    services: () => allServices.list(),
  };
  const images = createImages({ ...options, secrets: options.configs, maxParallelPulls: PARALLEL_PULLS });
  const probeCounts = new ProbeCounts();
  const probed: ProbeCounts['add'] = (...probe) => probeCounts.add(...probe);
  const environment = { ...options, probed, facts, images, objects: options.configs, slots: new Semaphore(PARALLEL_STARTS) };
  const workers = new PodWorkers(environment, myPods);
  const directory = podDirectory(workers, storage);
  return {
    name: `agent ${nodeName}`,
    directory,
    probeMetrics: () => probeCounts.page(directory.pods()),
    node: () => reporter.node(),
    async run({ signal, ready }) {
      log.info({ node: nodeName }, 'agent starts');
      await runAll([reporter, afterFacts(() => Promise.all([allServices.whenSynced({ signal }), reporter.whenKnown()]), workers)], {
        signal,
        ready,
      });
    },
  };
}

/** Pods get variables of services that were there before them, and are let in by what the Node says: none starts before both are known. */
function afterFacts(whenKnown: () => Promise<unknown>, workers: PodWorkers): Component {
  return {
    name: workers.name,
    async run({ signal, ready }) {
      await Promise.race([whenKnown(), aborted(signal)]).catch(() => {});
      if (!signal.aborted) await workers.run({ signal, ready });
    },
  };
}
