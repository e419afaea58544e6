import { type HostPort, hostPortsOf } from '../../api/core/host-ports.ts';
import { objectKey } from '../../api/meta/object.ts';
import type { Pod, PodAffinityTerm } from '../../api/schema/generated/types.ts';
import { type AffinityTerm, readAffinityTerm } from './affinity-term.ts';
import { type Amounts, podRequests, podRequestsForScores } from './resources.ts';

/** What tells one pod from another that had its name before. */
export const podKey = (pod: Pod): string => pod.metadata?.uid ?? objectKey(pod);

export interface AffinityTerms {
  readonly required: readonly AffinityTerm[];
  readonly requiredAnti: readonly AffinityTerm[];
  readonly preferred: readonly AffinityTerm[];
  readonly preferredAnti: readonly AffinityTerm[];
}

const NO_TERMS: AffinityTerms = { required: [], requiredAnti: [], preferred: [], preferredAnti: [] };

function termsOf(pod: Pod): AffinityTerms {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  if (!podAffinity && !podAntiAffinity) return NO_TERMS;
  const required = (terms: readonly PodAffinityTerm[] | undefined) => (terms ?? []).map((term) => readAffinityTerm(pod, term));
  const preferred = (terms: readonly { weight: number; podAffinityTerm: PodAffinityTerm }[] | undefined) =>
    (terms ?? []).map(({ weight, podAffinityTerm }) => readAffinityTerm(pod, podAffinityTerm, weight));
  return {
    required: required(podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    requiredAnti: required(podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferred: preferred(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    preferredAnti: preferred(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
  };
}

type Labels = Readonly<Record<string, string>> | undefined;

function isSameLabels(a: Labels, b: Labels): boolean {
  if (a === b) return true;
  const keys = Object.keys(a ?? {});
  return keys.length === Object.keys(b ?? {}).length && keys.every((key) => a?.[key] === b?.[key]);
}

/** A pod with what plugins would otherwise work out again for every node. */
export class PodInfo {
  #pod: Pod;
  readonly key: string;
  readonly requests: Amounts;
  readonly scoreRequests: Amounts;
  readonly hostPorts: readonly HostPort[];
  readonly affinity: AffinityTerms;
  readonly priority: number;
  readonly namespace: string;

  constructor(pod: Pod) {
    this.#pod = pod;
    this.key = podKey(pod);
    this.requests = podRequests(pod);
    this.scoreRequests = podRequestsForScores(pod);
    this.hostPorts = hostPortsOf(pod);
    this.affinity = termsOf(pod);
    this.priority = pod.spec?.priority ?? 0;
    this.namespace = pod.metadata?.namespace ?? '';
  }

  get pod(): Pod {
    return this.#pod;
  }
  get hasAffinity(): boolean {
    return this.affinity !== NO_TERMS;
  }

  /**
   * Takes a newer state of the pod, when nothing changed that is counted anywhere: labels, requests, whether it is being deleted. Affinity and ports never
   * change. False: make another PodInfo.
   */
  renew(pod: Pod): boolean {
    const before = this.#pod.metadata;
    const { metadata } = pod;
    if (before?.deletionTimestamp !== metadata?.deletionTimestamp || !isSameLabels(before?.labels, metadata?.labels)) return false;
    if (!podRequests(pod).equals(this.requests)) return false;
    this.#pod = pod;
    return true;
  }
}
