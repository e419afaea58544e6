import type { ConfigMap, Pod, Secret, ServiceAccount } from '../../api/schema/generated/types.ts';

export const TRACKING = { namespace: 'kube-system', name: 'kube-apiserver-legacy-service-account-token-tracking' } as const;
const SINCE = 'since';
const LAST_USED = 'kubernetes.io/legacy-token-last-used';
export const INVALID_SINCE = 'kubernetes.io/legacy-token-invalid-since';

const DAY_MS = 86_400_000;
/** Upstream's default of --legacy-service-account-token-clean-up-period: a year. */
const PERIOD_MS = 365 * DAY_MS;

/** A date as the labels have it. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
const isDay = (text: string | undefined): text is string =>
  text !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));

/** The data of the ConfigMap that says since when uses of tokens are noted; undefined when it says so already. */
export function planTracking(configMap: ConfigMap | undefined, nowMs: number): Record<string, string> | undefined {
  return isDay(configMap?.data?.[SINCE]) ? undefined : { ...configMap?.data, [SINCE]: dayOf(nowMs) };
}

/** The day's end at which tracking had surely begun, in milliseconds; undefined: it is not known. */
export function trackedSinceMs(configMap: ConfigMap | undefined): number | undefined {
  const since = configMap?.data?.[SINCE];
  return isDay(since) ? Date.parse(since) + DAY_MS : undefined;
}

/** Names of the Secrets that a pod uses. */
export function secretsOf({ spec }: Pod): Set<string> {
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? []), ...(spec?.ephemeralContainers ?? [])];
  const names = [
    ...(spec?.imagePullSecrets ?? []).map((reference) => reference.name),
    ...(spec?.volumes ?? []).flatMap(({ secret, projected, csi }) => [
      secret?.secretName,
      csi?.nodePublishSecretRef?.name,
      ...(projected?.sources ?? []).map((source) => source.secret?.name),
    ]),
    ...containers.flatMap(({ env = [], envFrom = [] }) => [
      ...env.map(({ valueFrom }) => valueFrom?.secretKeyRef?.name),
      ...envFrom.map(({ secretRef }) => secretRef?.name),
    ]),
  ];
  return new Set(names.filter((name) => name !== undefined));
}

export interface TokenState {
  readonly secret: Secret;
  readonly account: ServiceAccount | undefined;
  /** Pods of the namespace. */
  readonly pods: () => readonly Pod[];
  readonly trackedSinceMs: number | undefined;
}

/**
 * What becomes of the Secret of a generated token (Kubernetes: "Legacy ServiceAccount token cleaner"): unused for a year it is marked as invalid, and
 * another year later it is deleted. Only those count that their account lists, which nobody makes by hand.
 */
export function planLegacyToken({ secret, account, pods, trackedSinceMs }: TokenState, nowMs: number): 'keep' | 'invalidate' | 'delete' {
  const { name = '', labels = {}, annotations = {}, creationTimestamp = '', deletionTimestamp } = secret.metadata ?? {};
  const limitMs = nowMs - PERIOD_MS;
  const limitDay = dayOf(limitMs);
  const [lastUsed, invalidSince] = [labels[LAST_USED], labels[INVALID_SINCE]];
  if (trackedSinceMs === undefined || limitMs < trackedSinceMs) return 'keep';
  if (deletionTimestamp || Date.parse(creationTimestamp) >= limitMs) return 'keep';
  if (lastUsed !== undefined && (!isDay(lastUsed) || lastUsed >= limitDay)) return 'keep';
  const uid = annotations['kubernetes.io/service-account.uid'];
  const isTheirs = account !== undefined && (!uid || uid === account.metadata?.uid) && account.secrets?.some((each) => each.name === name);
  if (!isTheirs || pods().some((pod) => secretsOf(pod).has(name))) return 'keep';
  if (!isDay(invalidSince)) return 'invalidate';
  return invalidSince >= limitDay ? 'keep' : 'delete';
}
