import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { Client } from '../../client/client.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Images } from '../images/images.ts';
import type { Semaphore } from '../images/semaphore.ts';
import type { ProbeCounts } from '../probes/probe-counts.ts';
import type { Prober } from '../probes/prober.ts';
import type { PodEffect, PodEvent, PodState } from './pod-state-plan.ts';
import type { NodeObserver, ObjectReader, PodCgroups, PodFacts, PodStorage, RecordEvent } from './ports.ts';
import type { Span } from './startup.ts';

/** What all pods of a node share. */
export interface PodEnvironment {
  readonly client: Client;
  readonly runtime: Runtime;
  readonly storage: PodStorage;
  readonly cgroups: PodCgroups;
  readonly prober: Prober;
  /** Told of every single probe. Absent: nobody counts. */
  readonly probed?: ProbeCounts['add'];
  /** Absent: nobody counts. */
  readonly observer?: NodeObserver;
  readonly random: Random;
  readonly objects: ObjectReader;
  readonly images: Images;
  readonly facts: PodFacts;
  readonly event: RecordEvent;
  readonly clock: Clock;
  readonly log: Logger;
  /** How many sandboxes are being made at the same time. */
  readonly slots: Semaphore;
}

/** What the work on one pod has in common: its newest state, and the way back to its machine. */
export interface PodContext {
  readonly env: PodEnvironment;
  /** Aborts when the agent ends. */
  readonly signal: AbortSignal;
  /** Aborts also when the pod is being stopped: nothing new is to be set up for it. */
  readonly setupSignal: AbortSignal;
  state(): PodState;
  send(event: PodEvent): void;
  /** Records an event about the pod, or about one of its containers. */
  event(type: 'Normal' | 'Warning', reason: string, message: string, container?: string): void;
  /** An image was waited for. */
  pulled(span: Span): void;
}

/** The effect of that name. */
export type EffectOf<D extends PodEffect['do']> = Extract<PodEffect, { do: D }>;
