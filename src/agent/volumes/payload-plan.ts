import type { ConfigMap, KeyToPath, Pod, Secret } from '../../api/schema/generated/types.ts';

/** A file of a volume that is made from API objects. */
export interface PayloadFile {
  data: Uint8Array;
  mode: number;
  /** The only user who may read it; the node's root when absent. */
  uid?: number;
}

/** Files by path relative to the volume. */
export type Payload = Map<string, PayloadFile>;

export interface Selection {
  /** None: every key becomes a file of its name. */
  items: readonly KeyToPath[] | undefined;
  /** An object or key that is missing is passed over. */
  optional: boolean;
  defaultMode: number;
}

export const DEFAULT_FILE_MODE = 0o644;

export function configMapPayload(object: ConfigMap | undefined, name: string, selection: Selection): Payload {
  if (!object && !selection.optional) throw new Error(`configmap "${name}" not found`);
  const text = Object.entries(object?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'utf8')] as const);
  const keys = new Map([...text, ...decoded(object?.binaryData)]);
  return select(keys, selection, (key) => `configmap references non-existent config key: ${key}`);
}

export function secretPayload(object: Secret | undefined, name: string, selection: Selection): Payload {
  if (!object && !selection.optional) throw new Error(`secret "${name}" not found`);
  return select(new Map(decoded(object?.data)), selection, (key) => `references non-existent secret key: ${key}`);
}

const decoded = (data: Readonly<Record<string, string>> | undefined): [string, Uint8Array][] =>
  Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')]);

function select(keys: ReadonlyMap<string, Uint8Array>, selection: Selection, missing: (key: string) => string): Payload {
  const { items, optional, defaultMode } = selection;
  if (!items?.length) return new Map(Array.from(keys, ([key, data]) => [checkedPath(key), { data, mode: defaultMode }]));
  const payload: Payload = new Map();
  for (const { key, path, mode } of items) {
    const data = keys.get(key);
    if (data) payload.set(checkedPath(path), { data, mode: mode ?? defaultMode });
    else if (!optional) throw new Error(missing(key));
  }
  return payload;
}

/** Names starting with `..` are the writer's own; the API server refuses them too, but a volume must not depend on it. */
export function checkedPath(path: string): string {
  const parts = path.split('/');
  const wrong = path === '' || path.startsWith('/') || parts[0]?.startsWith('..') || parts.some((p) => p === '..' || p === '.' || p === '');
  if (wrong) throw new Error(`invalid path: ${JSON.stringify(path)}`);
  return path;
}

/** Who may read a service account's token: see https://kubernetes.io/docs/concepts/storage/projected-volumes/ */
export function tokenFile(pod: Pod, token: string, defaultMode: number): PayloadFile {
  const uid = commonUser(pod);
  const isPrivate = uid !== undefined || pod.spec?.securityContext?.fsGroup !== undefined;
  return { data: Buffer.from(token), mode: isPrivate ? 0o600 : defaultMode, ...(uid !== undefined && { uid }) };
}

/** The user that every container of the pod runs as, when they all name the same. */
export function commonUser({ spec }: Pod): number | undefined {
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? []), ...(spec?.ephemeralContainers ?? [])];
  const users = new Set(containers.map((c) => c.securityContext?.runAsUser ?? spec?.securityContext?.runAsUser));
  return users.size === 1 ? [...users][0] : undefined;
}
