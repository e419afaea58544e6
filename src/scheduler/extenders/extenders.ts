import { objectKey } from '../../api/meta/object.ts';
import { isAbort } from '../../base/abort.ts';
import type { Logger } from '../../base/logger.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { PodInfo } from '../cache/pod-info.ts';
import type { Snapshot } from '../cache/snapshot.ts';
import type { Diagnosis } from '../framework/diagnosis.ts';
import { refusal } from '../framework/refusal.ts';
import type { PreemptionCandidate } from '../preemption/preemption-plan.ts';
import type { ExtenderConfiguration } from './extender-config.ts';
import {
  bindingQuestion,
  isInterested,
  nodesQuestion,
  preemptionQuestion,
  readBound,
  readFiltered,
  readScores,
  readVictims,
} from './extender-plan.ts';

/** The name by which pods that an extender refused wait: for any event, since extenders do not say which ones help. */
export const EXTENDER = 'Extender';

interface CallOptions {
  readonly signal: AbortSignal;
}

/** POSTs a body to the extender and answers with the JSON value that came back in time. Rejects with an Error otherwise. */
export type AskExtender = (extender: ExtenderConfiguration, verb: string, body: object, options: CallOptions) => Promise<unknown>;

/** Those outside of the scheduler who have a say, asked one after the other (k8s.io/kubernetes, pkg/scheduler/extender.go). */
export class Extenders {
  readonly #all: readonly ExtenderConfiguration[];
  readonly #ask: AskExtender;
  readonly #log: Logger;

  constructor(all: readonly ExtenderConfiguration[], ask: AskExtender, log: Logger) {
    this.#all = all;
    this.#ask = ask;
    this.#log = log;
  }

  get isEmpty(): boolean {
    return this.#all.length === 0;
  }
  /** Do they need more than one node to choose from? */
  get areChoosy(): boolean {
    return this.#all.some(({ filterVerb, prioritizeVerb }) => filterVerb || prioritizeVerb);
  }

  /** The nodes that are left. What the others were refused for goes into the diagnosis. Rejects when one that matters cannot be asked. */
  async filter(pod: PodInfo, nodes: readonly NodeInfo[], diagnosis: Diagnosis, options: CallOptions): Promise<readonly NodeInfo[]> {
    let left = nodes;
    for (const extender of this.#interested(pod, 'filterVerb')) {
      if (left.length === 0) break;
      try {
        left = await this.#filterBy(extender, pod, left, diagnosis, options);
      } catch (error) {
        this.#pass(extender, error, pod, options);
      }
    }
    if (left.length !== nodes.length) diagnosis.plugins.add(EXTENDER);
    return left;
  }

  async #filterBy(extender: ExtenderConfiguration, pod: PodInfo, nodes: readonly NodeInfo[], diagnosis: Diagnosis, options: CallOptions) {
    const objects = nodes.map(({ node }) => node);
    const answer = await this.#ask(extender, extender.filterVerb, nodesQuestion(extender, pod.pod, objects), options);
    const { names, failed, unresolvable } = readFiltered(extender, answer, objects);
    const byName = new Map(nodes.map((node) => [node.name, node]));
    for (const [code, messages] of [
      ['UnschedulableAndUnresolvable', unresolvable],
      ['Unschedulable', failed],
    ] as const) {
      for (const [name, message] of messages) {
        const node = byName.get(name);
        if (node && (messages === unresolvable || !unresolvable.has(name))) diagnosis.refuse(node, refusal(EXTENDER, code, message));
      }
    }
    return names.flatMap((name) => byName.get(name) ?? []);
  }

  /** What to add to the scores of nodes, by name. Who cannot be asked adds nothing. */
  async prioritize(pod: PodInfo, nodes: readonly NodeInfo[], options: CallOptions): Promise<ReadonlyMap<string, number>> {
    const objects = nodes.map(({ node }) => node);
    const answers = this.#interested(pod, 'prioritizeVerb').map(async (extender) => {
      try {
        return readScores(extender, await this.#ask(extender, extender.prioritizeVerb, nodesQuestion(extender, pod.pod, objects), options));
      } catch (error) {
        if (isAbort(error, options.signal)) throw error;
        this.#log.debug({ extender: extender.urlPrefix, pod: objectKey(pod.pod), error }, 'an extender gives no scores');
        return new Map<string, number>();
      }
    });
    const totals = new Map<string, number>();
    for (const scores of await Promise.all(answers)) {
      for (const [name, score] of scores) totals.set(name, (totals.get(name) ?? 0) + score);
    }
    return totals;
  }

  /** Would any of them have a say in who leaves for the pod? */
  supportPreemption(pod: PodInfo): boolean {
    return this.#interested(pod, 'preemptVerb').length > 0;
  }

  /** The candidates that are left, with the victims that extenders want. Rejects when one that matters cannot be asked or makes no sense. */
  async preempt(
    pod: PodInfo,
    candidates: readonly PreemptionCandidate<PodInfo>[],
    snapshot: Snapshot,
    options: CallOptions,
  ): Promise<readonly PreemptionCandidate<PodInfo>[]> {
    let left = candidates;
    for (const extender of this.#interested(pod, 'preemptVerb')) {
      if (left.length === 0) break;
      try {
        left = await this.#preemptBy(extender, pod, left, snapshot, options);
      } catch (error) {
        this.#pass(extender, error, pod, options);
      }
    }
    return left;
  }

  async #preemptBy(
    extender: ExtenderConfiguration,
    pod: PodInfo,
    candidates: readonly PreemptionCandidate<PodInfo>[],
    snapshot: Snapshot,
    options: CallOptions,
  ): Promise<readonly PreemptionCandidate<PodInfo>[]> {
    const asked = candidates.map((candidate) => ({ ...candidate, victims: candidate.victims.map((victim) => victim.pod) }));
    const answer = await this.#ask(extender, extender.preemptVerb, preemptionQuestion(extender, pod.pod, asked), options);
    return readVictims(answer).flatMap(({ nodeName, uids, violations }) => {
      const victims = this.#victimsOn(extender, nodeName, uids, snapshot);
      if (victims.length > 0) return [{ nodeName, victims, violations }];
      if (extender.ignorable) return [];
      throw new Error(`expected at least one victim pod on node "${nodeName}"`);
    });
  }

  #victimsOn({ urlPrefix }: ExtenderConfiguration, nodeName: string, uids: readonly string[], snapshot: Snapshot): PodInfo[] {
    const node = snapshot.node(nodeName);
    if (!node) throw new Error(`nodeinfo not found for node name "${nodeName}"`);
    const there = [...node.pods()];
    return uids.map((uid) => {
      const found = there.find(({ pod }) => pod.metadata?.uid === uid);
      if (found) return found;
      throw new Error(
        `extender: ${urlPrefix} claims to preempt pod (UID: ${uid}) on node: ${nodeName}, but the pod is not found on that node`,
      );
    });
  }

  /** True: one of them bound the pod. Rejects when he who is to could not. */
  async bind(pod: PodInfo, nodeName: string, options: CallOptions): Promise<boolean> {
    for (const extender of this.#interested(pod, 'bindVerb')) {
      try {
        readBound(await this.#ask(extender, extender.bindVerb, bindingQuestion(pod.pod, nodeName), options));
        return true;
      } catch (error) {
        this.#pass(extender, error, pod, options);
      }
    }
    return false;
  }

  #interested({ pod }: PodInfo, verb: 'filterVerb' | 'prioritizeVerb' | 'preemptVerb' | 'bindVerb'): readonly ExtenderConfiguration[] {
    return this.#all.filter((extender) => extender[verb] !== '' && isInterested(extender, pod));
  }

  /** Goes on without an extender that may fail; throws for others. */
  #pass({ urlPrefix, ignorable }: ExtenderConfiguration, error: unknown, { pod }: PodInfo, { signal }: CallOptions): void {
    if (!ignorable || isAbort(error, signal)) throw error;
    this.#log.info({ extender: urlPrefix, pod: objectKey(pod), error }, 'going on without an extender that failed');
  }
}
