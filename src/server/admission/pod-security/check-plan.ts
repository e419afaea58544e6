import type { Container, ObjectMeta, PodSpec } from '../../../api/schema/generated/types.ts';

/** Why a control forbids a pod: `hostPort`, and what exactly: `container "c" uses hostPort 80`. */
export interface Finding {
  readonly reason: string;
  readonly detail: string;
}

export interface PodLike {
  readonly metadata: ObjectMeta;
  readonly spec: PodSpec;
}

export type Control = (pod: PodLike) => Finding | undefined;

/** One control of the Pod Security Standards; its name orders the messages. */
export interface Check {
  readonly id: string;
  readonly level: 'baseline' | 'restricted';
  /** Oldest first: from which minor version on (of v1) it is judged how. */
  readonly versions: readonly CheckVersion[];
}
export interface CheckVersion {
  readonly since: number;
  readonly control: Control;
  /** Of baseline: what this control of restricted says as well. */
  readonly instead?: string;
}

/** Ephemeral containers have what the controls look at. */
export const containersOf = ({ spec }: PodLike): Container[] => [
  ...(spec.initContainers ?? []),
  ...(spec.containers ?? []),
  ...((spec.ephemeralContainers ?? []) as Container[]),
];

/** Names of the containers that something is wrong with. */
export const containersThat = (pod: PodLike, isWrong: (container: Container) => boolean): string[] =>
  containersOf(pod)
    .filter(isWrong)
    .map(({ name }) => name);

export const quoted = (texts: readonly string[]): string => texts.map((text) => `"${text}"`).join(', ');
export const plural = (one: string, many: string, count: number): string => (count === 1 ? one : many);
export const sorted = (texts: Iterable<string>): string[] => [...new Set(texts)].sort();

/** `container "a"`, `containers "a", "b"` */
export const namedContainers = (names: readonly string[]): string => `${plural('container', 'containers', names.length)} ${quoted(names)}`;

/** Who set it: `pod and containers "a", "b"`; nobody: '' */
export const setters = (podDid: boolean, containers: readonly string[]): string =>
  [...(podDid ? ['pod'] : []), ...(containers.length > 0 ? [namedContainers(containers)] : [])].join(' and ');

export const isWindows = ({ spec }: PodLike): boolean => spec.os?.name === 'windows';
/** Root in a user namespace is nobody outside (KEP-127). */
export const hasUserNamespace = ({ spec }: PodLike): boolean => spec.hostUsers === false;
