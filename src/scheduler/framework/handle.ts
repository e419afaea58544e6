import type { KubeObject } from '../../api/meta/object.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { Client } from '../../client/client.ts';
import type { Informers } from '../../client/informer.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { PodInfo } from '../cache/pod-info.ts';
import type { Snapshot } from '../cache/snapshot.ts';
import type { DeviceLedger } from '../devices/device-ledger.ts';
import type { Extenders } from '../extenders/extenders.ts';
import type { CycleState } from './cycle-state.ts';
import type { Refusal } from './refusal.ts';
import type { WaitingPods } from './waiting-pods.ts';

/** Runs the filters of the pod's profile on a node that is not as the snapshot has it: for dry runs. */
export interface DryRun {
  /** As `filter` of all plugins, with the pods counted that are nominated to the node and no less important. */
  filter(state: CycleState, pod: PodInfo, node: NodeInfo): Refusal | undefined;
  addPod(state: CycleState, pod: PodInfo, other: PodInfo, node: NodeInfo): void;
  removePod(state: CycleState, pod: PodInfo, other: PodInfo, node: NodeInfo): void;
}

/** What a plugin may use, given to it as it is made. One a profile. */
export interface SchedulerHandle {
  readonly profileName: string;
  readonly snapshot: Snapshot;
  readonly client: Client;
  /** Informers that are asked for while plugins are made are synced before the first pod is scheduled. */
  readonly informers: Informers;
  /** Writes an Event about an object; never throws. */
  readonly event: (about: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly dryRun: DryRun;
  /** Pods whose binding a permit plugin holds up. */
  readonly waiting: WaitingPods;
  readonly extenders: Extenders;
  /** Which devices are in use, for all profiles. */
  readonly devices: DeviceLedger;
  /** Pods that are nominated to the node. */
  nominatedOn(nodeName: string): Iterable<PodInfo>;
  nominatedNodeOf(podKey: string): string | undefined;
  /** Takes away the pod's nomination, here and in its status. */
  withdrawNomination(pod: PodInfo): void;
  /** The waiting pod is due at once. */
  activate(podKey: string): void;
  /** What `preEnqueue` refused the pod for may be over. */
  recheckGate(podKey: string): void;
  /** Work that goes on after the cycle: the scheduler ends when it has ended. Its errors are logged. */
  background(work: (options: { signal: AbortSignal }) => Promise<void>): void;
}
