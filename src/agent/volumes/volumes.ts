import { createHash } from 'node:crypto';
import { chmod, chown, mkdir, readdir, rm } from 'node:fs/promises';
import type { EmptyDirVolumeSource, Pod, Volume } from '../../api/schema/generated/types.ts';
import { isAbort } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { type ApiVolume, apiVolume, gatherPayload, type PayloadSources } from './api-volume.ts';
import { writePayload } from './atomic-writer.ts';
import type { ClaimedPath, ClaimSource } from './claim-source.ts';
import { memoryDirBytes } from './empty-dir-plan.ts';
import { checkHostPath } from './host-path.ts';
import { giveToGroup } from './ownership.ts';
import type { Payload } from './payload-plan.ts';
import { type PodLayout, podLayout, type VolumePlugin } from './pod-layout.ts';
import { messageOf, VolumeError } from './volume-error.ts';

export interface MountedVolume {
  plugin: VolumePlugin;
  hostPath: string;
  /** Containers must not write to it, whatever their mounts say. */
  readonly?: boolean;
}

/** What volumes need of the node's mounts (agent/host/mounts.ts). */
export interface VolumeMounts {
  /** Targets of all mounts. */
  targets(): Promise<readonly string[]>;
  mountTmpfs(target: string, options: { sizeBytes?: number; mode?: number; signal: AbortSignal }): Promise<void>;
  /** Deepest first. */
  unmountAll(targets: readonly string[], options: { signal: AbortSignal }): Promise<void>;
}

/** Volumes of this node's pods. Every method may be called again at any time, also after a restart: what is there already is kept. */
export interface Volumes {
  /** Makes all volumes of the pod ready; keyed by volume name. Rejects with VolumeError. */
  mount(pod: Pod, options: { signal: AbortSignal }): Promise<ReadonlyMap<string, MountedVolume>>;
  /** Removes the pod's directory and everything in it. No container of the pod may run any more. */
  unmount(podUid: string, options: { signal: AbortSignal }): Promise<void>;
  /** Brings changed ConfigMaps, Secrets, labels and due tokens into the pod's volumes. Cheap when nothing changed. */
  refresh(pod: Pod, options: { signal: AbortSignal }): Promise<void>;
  /** Uids of pods that have directories. */
  known(): Promise<string[]>;
}

export interface VolumesOptions extends Omit<PayloadSources, 'allocatable'> {
  /** `<data-dir>/agent/pods` */
  readonly dir: string;
  readonly host: VolumeMounts;
  readonly claims: ClaimSource;
  readonly allocatable?: () => Readonly<Record<string, string>>;
  /** Told of each volume that was made ready, or could not be. Absent: nobody counts. */
  readonly observer?: VolumeObserver;
  readonly clock: Clock;
}

export interface VolumeObserver {
  volumeMounted(plugin: VolumePlugin, seconds: number, failed: boolean): void;
}

/** Age that a refresh takes: pods that are refreshed together share what they read. */
const REFRESH_AGE_MS = 1000;

export function createVolumes(options: VolumesOptions): Volumes {
  const { dir, host: mounts, clock, tokens } = options;
  const sources: PayloadSources = { configs: options.configs, tokens, allocatable: options.allocatable ?? (() => ({})) };
  /** What was written last, by pod and volume: spares reading it back. */
  const written = new Map<string, Map<string, string>>();

  async function setUp(volume: Volume, pod: Pod, at: Place): Promise<MountedVolume> {
    const { emptyDir, hostPath, name } = volume;
    const fromApi = apiVolume(volume);
    if (fromApi) return measured(fromApi.plugin, at, () => setUpApiVolume(fromApi, name, pod, at));
    if (emptyDir) return measured('empty-dir', at, () => setUpEmptyDir(emptyDir, name, pod, at));
    if (hostPath) return measured('host-path', at, () => setUpClaimed({ source: hostPath, readonly: false, takesGroup: false }, pod));
    const claimed = await options.claims.locate(pod, volume, { signal: at.signal });
    if (claimed) return measured(claimed.plugin, at, () => setUpClaimed(claimed, pod));
    throw new Error(`volume type ${Object.keys(volume).find((key) => key !== 'name') ?? 'none'} is not built yet`);
  }

  async function measured(plugin: VolumePlugin, { signal }: Place, work: () => Promise<Ready>): Promise<MountedVolume> {
    const startedMs = clock.monotonic();
    const ended = (failed: boolean) => options.observer?.volumeMounted(plugin, (clock.monotonic() - startedMs) / 1000, failed);
    try {
      const volume = await work();
      ended(false);
      return { plugin, ...volume };
    } catch (error) {
      if (!isAbort(error, signal)) ended(true);
      throw error;
    }
  }

  async function setUpApiVolume(volume: ApiVolume, name: string, pod: Pod, { layout, targets, signal }: Place): Promise<Ready> {
    const hostPath = layout.volume(volume.plugin, name);
    // Before anything is made: a pod whose ConfigMap is missing leaves no mounts behind.
    const payload = await gatherPayload(volume, pod, sources, { signal });
    await mkdir(hostPath, { recursive: true, mode: 0o755 });
    if (volume.inMemory && !targets.has(hostPath)) await mounts.mountTmpfs(hostPath, { mode: 0o777, signal });
    await openToPod(hostPath, pod);
    await write(pod, name, hostPath, payload);
    return { hostPath, readonly: true };
  }

  async function setUpClaimed({ source, readonly, takesGroup }: Omit<ClaimedPath, 'plugin'>, pod: Pod): Promise<Ready> {
    await checkHostPath(source);
    const fsGroup = pod.spec?.securityContext?.fsGroup;
    if (takesGroup && fsGroup !== undefined && !readonly) await giveToGroup(source.path, fsGroup);
    return { hostPath: source.path, ...(readonly && { readonly }) };
  }

  async function write(pod: Pod, name: string, hostPath: string, payload: Payload): Promise<void> {
    const uid = pod.metadata?.uid ?? '';
    await writePayload(hostPath, payload, { clock, fsGroup: pod.spec?.securityContext?.fsGroup });
    const ofPod = written.get(uid) ?? new Map<string, string>();
    written.set(uid, ofPod.set(name, fingerprint(payload)));
  }

  async function setUpEmptyDir(source: EmptyDirVolumeSource, name: string, pod: Pod, place: Place): Promise<Ready> {
    const { layout, targets, signal } = place;
    const { medium = '', sizeLimit } = source;
    if (medium !== '' && medium !== 'Memory') throw new Error(`emptyDir with medium ${medium} is not built yet`);
    const hostPath = layout.volume('empty-dir', name);
    const isNew = (await mkdir(hostPath, { recursive: true, mode: 0o777 })) !== undefined;
    const needsMount = medium === 'Memory' && !targets.has(hostPath);
    if (needsMount) await mounts.mountTmpfs(hostPath, { sizeBytes: memoryDirBytes(pod, sizeLimit), mode: 0o777, signal });
    if (isNew || needsMount) await openToPod(hostPath, pod);
    return { hostPath };
  }

  async function refreshOne(volume: Volume, pod: Pod, layout: PodLayout, signal: AbortSignal): Promise<void> {
    const fromApi = apiVolume(volume);
    if (!fromApi) return;
    const payload = await gatherPayload(fromApi, pod, sources, { signal, maxAgeMs: REFRESH_AGE_MS });
    const last = written.get(pod.metadata?.uid ?? '')?.get(volume.name);
    if (last !== undefined && last !== fingerprint(payload))
      await write(pod, volume.name, layout.volume(fromApi.plugin, volume.name), payload);
  }

  return {
    async mount(pod, { signal }) {
      const layout = podLayout(dir, pod.metadata?.uid ?? '');
      const place = { layout, targets: new Set(await mounts.targets()), signal };
      await mkdir(layout.volumes, { recursive: true, mode: 0o750 });
      const entries = await eachVolume(pod, signal, async (volume) => [volume.name, await setUp(volume, pod, place)] as const);
      return new Map(entries);
    },
    async refresh(pod, { signal }) {
      const layout = podLayout(dir, pod.metadata?.uid ?? '');
      await eachVolume(pod, signal, (volume) => refreshOne(volume, pod, layout, signal));
    },
    async unmount(podUid, { signal }) {
      const { root } = podLayout(dir, podUid);
      tokens.forget(podUid);
      written.delete(podUid);
      const below = async () => (await mounts.targets()).filter((target) => target.startsWith(`${root}/`));
      const mounted = await below();
      if (mounted.length > 0) await mounts.unmountAll(mounted, { signal });
      // Removing through a mount would empty what is mounted.
      const left = mounted.length > 0 ? await below() : [];
      if (left.length > 0) throw new VolumeError(`volumes of pod ${podUid} are still mounted: ${left.join(', ')}`);
      await rm(root, { recursive: true, force: true });
    },
    async known() {
      const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
      return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    },
  };
}

type Ready = Omit<MountedVolume, 'plugin'>;

interface Place {
  readonly layout: PodLayout;
  readonly targets: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

/** Waits for all, so that no work goes on after a failure; rejects with the first failure, in upstream's words. */
async function eachVolume<T>(pod: Pod, signal: AbortSignal, work: (volume: Volume) => Promise<T>): Promise<T[]> {
  const results = await Promise.allSettled(
    (pod.spec?.volumes ?? []).map(async (volume) => {
      try {
        return await work(volume);
      } catch (error) {
        if (isAbort(error, signal)) throw error;
        throw new VolumeError(`MountVolume.SetUp failed for volume "${volume.name}" : ${messageOf(error)}`, { cause: error });
      }
    }),
  );
  signal.throwIfAborted();
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

/** World-writable past the umask, and the pod's group's own when it has one. */
async function openToPod(path: string, pod: Pod): Promise<void> {
  const fsGroup = pod.spec?.securityContext?.fsGroup;
  if (fsGroup !== undefined) await chown(path, -1, fsGroup);
  await chmod(path, fsGroup === undefined ? 0o777 : 0o2777);
}

function fingerprint(payload: Payload): string {
  const hash = createHash('sha256');
  for (const path of [...payload.keys()].sort()) {
    const { data, mode, uid } = payload.get(path) as NonNullable<ReturnType<Payload['get']>>;
    hash.update(`${path.length}:${path} ${mode} ${uid ?? ''} ${data.length}:`).update(data);
  }
  return hash.digest('base64');
}
