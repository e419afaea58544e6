import { ApiError } from '../../../api/meta/status.ts';
import type { Container, Pod, PodSpec, ServiceAccount, Volume } from '../../../api/schema/generated/types.ts';
import type { Clock } from '../../../base/clock.ts';
import { type Random, safeString } from '../../../base/random.ts';
import { isMirrorPod, namedInPod } from '../../authz/node-references-plan.ts';
import type { AdmissionPlugin, ObjectReader } from '../../ports.ts';

const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
/** One hour and seven seconds, so that tokens of pods can be told from others (upstream's value). */
const TOKEN_SECONDS = 3607;

const DEFAULT = 'default';
/** How often upstream looks for the account that a controller gives every namespace, and how long it waits at least in between (getServiceAccount). */
const LOOKS = 10;
const PAUSE_MS = 100;

/**
 * Every pod runs as a service account and finds its token, the CA and its namespace in a projected volume.
 * Source: Kubernetes, "Managing Service Accounts" and "Configure Service Accounts for Pods".
 */
export const serviceAccount = (objects: ObjectReader, clock: Clock, random: Random): AdmissionPlugin => ({
  name: 'ServiceAccount',
  mutate({ operation, request, object, context }) {
    if (operation !== 'CREATE' || request.resource !== 'pods' || request.group !== '' || request.subresource) return;
    const pod = object as Pod;
    if (!pod.spec) return;
    if (isMirrorPod(pod)) return checkMirror(pod, pod.spec);
    pod.spec.serviceAccountName ||= pod.spec.serviceAccount || DEFAULT;
    pod.spec.serviceAccount = pod.spec.serviceAccountName;
    const [namespace, name] = [request.namespace ?? '', pod.spec.serviceAccountName];
    const look = () => objects.get<ServiceAccount>('serviceaccounts', namespace, name);
    const give = (account: ServiceAccount | undefined, spec: PodSpec) => {
      const missing = `serviceaccount "${name}" not found`;
      if (!account) throw forbidden(pod, `error looking up service account ${namespace}/${name}: ${missing}`);
      giveAccount(spec, account, random);
    };
    const account = look();
    if (account || name !== DEFAULT) return give(account, pod.spec);
    const pauseMs = PAUSE_MS * (1 + random());
    const pause = () => clock.sleep(pauseMs, { signal: context.signal });
    const { spec } = pod;
    return lookAgain(look, pause).then((found) => give(found, spec));
  },
});

/** A namespace that is new has no account for a moment. */
async function lookAgain<T>(look: () => T | undefined, pause: () => Promise<void>): Promise<T | undefined> {
  let found: T | undefined;
  for (let i = 1; i < LOOKS && !found; i += 1) {
    await pause();
    found = look();
  }
  return found;
}

function giveAccount(spec: PodSpec, account: ServiceAccount, random: Random): void {
  if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(spec, random);
  if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
    spec.imagePullSecrets = account.imagePullSecrets.map(({ name }) => ({ name }));
  }
}

const forbidden = (pod: Pod, why: string): ApiError => {
  const name = pod.metadata?.name ?? '';
  return new ApiError('Forbidden', `pods "${name}" is forbidden: ${why}`, { details: { name, kind: 'pods' } });
};

/** Mirror pods show what a node runs by itself: they have no part in the API. */
function checkMirror(pod: Pod, spec: PodSpec): void {
  if (spec.serviceAccountName) throw forbidden(pod, 'a mirror pod may not reference service accounts');
  if ([...namedInPod(pod)].some((name) => name.startsWith('secrets/'))) throw forbidden(pod, 'a mirror pod may not reference secrets');
  if (spec.volumes?.some(({ projected }) => projected?.sources?.some((source) => source.serviceAccountToken))) {
    throw forbidden(pod, 'a mirror pod may not use ServiceAccountToken volume projections');
  }
}

/** With `concat`: every pod keeps these lists, and V8 gives one that is spread and added to room for 16 more. */
function mountToken(spec: PodSpec, random: Random): void {
  const existing = spec.volumes?.find(({ name }) => name?.startsWith('kube-api-access-'));
  const name = existing?.name ?? `kube-api-access-${safeString(5, random)}`;
  let used = false;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])] as Container[]) {
    if (container.volumeMounts?.some(({ mountPath }) => mountPath === MOUNT_PATH)) continue;
    container.volumeMounts = (container.volumeMounts ?? []).concat({ name, readOnly: true, mountPath: MOUNT_PATH });
    used = true;
  }
  if (used && !existing) spec.volumes = (spec.volumes ?? []).concat(tokenVolume(name));
}

const tokenVolume = (name: string): Volume => ({
  name,
  projected: {
    defaultMode: 0o644,
    sources: [
      { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
    ],
  },
});
