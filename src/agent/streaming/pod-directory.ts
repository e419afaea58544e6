import type { Pod } from '../../api/schema/generated/types.ts';

/** What the kubelet's HTTP API needs to know of the pods on its node. */
export interface PodDirectory {
  pods(): readonly Pod[];
  /** The pod's current sandbox in the runtime; undefined when it has none (yet, or any more). */
  sandboxId(namespace: string, name: string): string | undefined;
  /** The container's newest instance, running or not. */
  container(namespace: string, name: string, container: string): ContainerInstance | undefined;
  /** Containers that run now. */
  running(): readonly RunningContainer[];
}

export interface RunningContainer {
  readonly id: string;
  readonly podUid: string;
  /** As the pod's spec calls it. */
  readonly name: string;
  readonly image: string;
  readonly startedAtMs: number;
  /** The log file that it writes. */
  readonly logPath: string;
}

export interface ContainerInstance {
  readonly id: string;
  readonly running: boolean;
  /** Absolute paths; `previousLogPath` when the instance before this one is still known. */
  readonly logPath: string;
  readonly previousLogPath: string | undefined;
  readonly tty: boolean;
  readonly stdin: boolean;
}
