import type {
  ConfigMapProjection,
  DownwardAPIVolumeFile,
  Pod,
  SecretProjection,
  Volume,
  VolumeProjection,
} from '../../api/schema/generated/types.ts';
import type { ConfigSource, ReadOptions } from './config-source.ts';
import { fieldValue, resourceFieldValue } from './downward-plan.ts';
import { checkedPath, configMapPayload, DEFAULT_FILE_MODE, type Payload, secretPayload, tokenFile } from './payload-plan.ts';
import type { VolumePlugin } from './pod-layout.ts';
import type { ServiceAccountTokenSource } from './service-account-tokens.ts';

export interface PayloadSources {
  readonly configs: ConfigSource;
  readonly tokens: ServiceAccountTokenSource;
  /** What the node can give: limits that a container does not set. */
  readonly allocatable: () => Readonly<Record<string, string>>;
}

/** Volumes whose files come from the API. Secrets never touch a disk, as with the kubelet; ConfigMaps may. */
export interface ApiVolume {
  readonly plugin: VolumePlugin;
  readonly inMemory: boolean;
  readonly sources: readonly VolumeProjection[];
  readonly defaultMode: number;
}

/** The volume as a list of projections: one shape for all four kinds. undefined: another kind of volume. */
export function apiVolume({ configMap, secret, downwardAPI, projected }: Volume): ApiVolume | undefined {
  const mode = (source: { defaultMode?: number }) => source.defaultMode ?? DEFAULT_FILE_MODE;
  if (configMap) return { plugin: 'configmap', inMemory: false, sources: [{ configMap }], defaultMode: mode(configMap) };
  if (secret) {
    const { secretName, items, optional } = secret;
    return { plugin: 'secret', inMemory: true, sources: [{ secret: { name: secretName, items, optional } }], defaultMode: mode(secret) };
  }
  if (downwardAPI) {
    const { items } = downwardAPI;
    return { plugin: 'downward-api', inMemory: true, sources: [{ downwardAPI: { items } }], defaultMode: mode(downwardAPI) };
  }
  if (projected) return { plugin: 'projected', inMemory: true, sources: projected.sources ?? [], defaultMode: mode(projected) };
  return undefined;
}

/** Who makes the volume ready; undefined for that of a claim, until it is known which one it has. */
export function pluginOf(volume: Volume): VolumePlugin | undefined {
  if (volume.emptyDir) return 'empty-dir';
  return volume.hostPath ? 'host-path' : apiVolume(volume)?.plugin;
}

/** Reads what the volume is to hold. Later sources win over earlier ones at the same path. Rejects with ApiError or Error. */
export async function gatherPayload(volume: ApiVolume, pod: Pod, sources: PayloadSources, options: ReadOptions): Promise<Payload> {
  const parts = await Promise.all(volume.sources.map((source) => gather(source, pod, volume.defaultMode, sources, options)));
  return new Map(parts.flatMap((part) => [...part]));
}

async function gather(
  source: VolumeProjection,
  pod: Pod,
  defaultMode: number,
  from: PayloadSources,
  options: ReadOptions,
): Promise<Payload> {
  const namespace = pod.metadata?.namespace ?? '';
  const selection = ({ items, optional = false }: ConfigMapProjection | SecretProjection) => ({ items, optional, defaultMode });
  if (source.configMap) {
    const { name = '' } = source.configMap;
    return configMapPayload(await from.configs.configMap(namespace, name, options), name, selection(source.configMap));
  }
  if (source.secret) {
    const { name = '' } = source.secret;
    return secretPayload(await from.configs.secret(namespace, name, options), name, selection(source.secret));
  }
  if (source.downwardAPI) return downwardPayload(source.downwardAPI.items ?? [], pod, defaultMode, from.allocatable());
  if (source.serviceAccountToken) {
    const { audience = '', expirationSeconds = 3600, path } = source.serviceAccountToken;
    const token = await from.tokens.token(pod, { audience, expirationSeconds }, options);
    return new Map([[checkedPath(path), tokenFile(pod, token, defaultMode)]]);
  }
  throw new Error(`projected volume source ${Object.keys(source)[0] ?? 'none'} is not built yet`);
}

function downwardPayload(
  items: readonly DownwardAPIVolumeFile[],
  pod: Pod,
  defaultMode: number,
  allocatable: Readonly<Record<string, string>>,
): Payload {
  const payload: Payload = new Map();
  for (const { path, mode, fieldRef, resourceFieldRef } of items) {
    const value = fieldRef
      ? fieldValue(pod, fieldRef.fieldPath)
      : resourceFieldRef
        ? resourceFieldValue(pod, resourceFieldRef, resourceFieldRef.containerName ?? '', allocatable)
        : '';
    payload.set(checkedPath(path), { data: Buffer.from(value), mode: mode ?? defaultMode });
  }
  return payload;
}
