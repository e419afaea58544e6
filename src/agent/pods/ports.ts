import type { ResourceDefinition } from '../../api/define.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import type { ConfigMap, Container, Node, Pod, Secret, Service } from '../../api/schema/generated/types.ts';
import type { Mount } from '../../runtime/runtime.ts';
import type { CgroupVersion } from '../host/cgroup-plan.ts';
import type { CgroupLimits } from './config/resources-plan.ts';
import type { StartupSeconds } from './startup.ts';

export interface CallOptions {
  signal: AbortSignal;
}

/** The pods' side of the disk: volumes, hosts files, termination logs, log directories. Fake nodes have one in memory. */
export interface PodStorage {
  /** Idempotent; mounts what is not there yet. Rejects with an Error whose message FailedMount shows, or with ResourceError. */
  mount(pod: Pod, options: CallOptions): Promise<void>;
  /** Brings what changed in the API into the pod's volumes. Never rejects. */
  refresh(pod: Pod, options: CallOptions): Promise<void>;
  /** Takes the volumes down; data of emptyDirs goes. Does nothing for what is not there. */
  unmount(pod: Pod, options: CallOptions): Promise<void>;
  /** Removes all that is left of the pod, logs as well. */
  remove(pod: Pod, options: CallOptions): Promise<void>;
  /** Mounts of the container's volumeMounts, its termination log and, with `hosts`, /etc/hosts with that content. */
  containerMounts(pod: Pod, container: Container, request: ContainerMountRequest, options: CallOptions): Promise<Mount[]>;
  /** What the container left in its termination log, or at the end of its log; '' when nothing. */
  terminationMessage(pod: Pod, container: Container, end: { attempt: number; exitCode: number }): Promise<string>;
  logDirectory(pod: Pod): string;
  /** Pods that something is on disk of. */
  podUids(): Promise<string[]>;
}
export interface ContainerMountRequest {
  readonly attempt: number;
  readonly hosts: string;
  readonly expandEnv: (text: string) => string;
}

/** The pods' cgroups (agent/host/cgroups.ts). Paths are what the runtime is told as parent. */
export interface PodCgroups {
  /** undefined: there are none. */
  readonly version?: CgroupVersion;
  ensure(path: string, limits: CgroupLimits): Promise<void>;
  remove(path: string): Promise<void>;
}

/** For nodes without processes of their own. */
export const noCgroups: PodCgroups = { async ensure() {}, async remove() {} };

/** ConfigMaps and Secrets, each fetched and followed by name: a node may read those of its own pods alone. */
export interface ObjectReader {
  configMap(namespace: string, name: string, options: CallOptions): Promise<ConfigMap | undefined>;
  secret(namespace: string, name: string, options: CallOptions): Promise<Secret | undefined>;
}

/** The part of an informer that the agent uses; client/informer.ts has it. */
export interface Followed<T extends KubeObject> {
  get(key: string): T | undefined;
  list(): readonly T[];
  onChange(listener: (change: { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }) => void): Disposable;
  whenSynced(options: CallOptions): Promise<void>;
}

/** Shared informers by resource and scope, as client/informer.ts makes them. */
export interface Informers {
  informer<T extends KubeObject>(resource: ResourceDefinition<T>, options?: { scope?: { fieldSelector?: string } }): Followed<T>;
}

export interface PodFacts {
  readonly nodeName: string;
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
  /** resolv.conf of the node. */
  resolvConf(): Promise<string>;
  /** /etc/hosts of the node. */
  hosts(): Promise<string>;
  /** The node's addresses, primary first. */
  hostIps(): readonly string[];
  node(): Node | undefined;
  services(): readonly Service[];
  readonly seccompDir: string;
}

/** Told of what the node's metrics count. */
export interface NodeObserver {
  /** A pod runs, so long after the agent saw it first. */
  podStarted(seconds: number): void;
  /** The API shows a new pod with all of its containers running. */
  startupSeen(seconds: StartupSeconds): void;
  /** The work on a pod began, so long after the agent saw it first. */
  workerStarted(seconds: number): void;
  /** The runtime was listed, which took so long. */
  relisted(seconds: number): void;
}

export type RecordEvent = (about: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string, fieldPath?: string) => void;

/** The devices of a pod's claims cannot be made ready. The message is what the FailedPrepareDynamicResources event says. */
export class ResourceError extends Error {
  override readonly name = 'ResourceError';
}
