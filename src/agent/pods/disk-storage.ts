import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { claimVolumeOf } from '../../api/core/volume-binding.ts';
import type { Container, Pod } from '../../api/schema/generated/types.ts';
import { isAbort } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import type { Mount } from '../../runtime/runtime.ts';
import type { ClaimedVolume } from '../stats/volume-metrics-plan.ts';
import { pluginOf } from '../volumes/api-volume.ts';
import { podLayout, type VolumePlugin } from '../volumes/pod-layout.ts';
import { resolveSubPath } from '../volumes/sub-path.ts';
import type { MountedVolume, Volumes } from '../volumes/volumes.ts';
import { logPathOf } from './config/container-config.ts';
import { ConfigError } from './config/env-plan.ts';
import { type CallOptions, type ContainerMountRequest, type PodStorage, ResourceError } from './ports.ts';

export interface VolumePlugins {
  readonly mounted: readonly VolumePlugin[];
  readonly wanted: readonly (VolumePlugin | undefined)[];
}

export interface DiskStorageOptions {
  readonly volumes: Volumes;
  /** `<data-dir>/agent/pods`: the same that `volumes` has. */
  readonly podsDirectory: string;
  /** `/var/log/pods`, or another. */
  readonly logsDirectory: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How often ConfigMaps, Secrets and tokens are looked at: upstream's kubelet takes about a minute, too. */
const REFRESH_MS = 60_000;
const TERMINATION_LOG_BYTES = 4096;
/** With FallbackToLogsOnError: the last 80 lines, at most 2048 bytes. */
const LOG_TAIL_BYTES = 2048;
const LOG_TAIL_LINES = 80;

const PROPAGATION: Readonly<Record<string, Mount['propagation']>> = {
  None: 'private',
  HostToContainer: 'hostToContainer',
  Bidirectional: 'bidirectional',
};

/** Pods' directories and logs on the node's disk, as the kubelet lays them out. As a Component it keeps mounted volumes up to date. */
export class DiskStorage implements PodStorage, Component {
  readonly name = 'volumes';
  readonly #options: DiskStorageOptions;
  /** Pods whose volumes were asked for, mounted or not. */
  readonly #wanted = new Map<string, Pod>();
  readonly #mounted = new Map<string, { pod: Pod; volumes: ReadonlyMap<string, MountedVolume> }>();

  constructor(options: DiskStorageOptions) {
    this.#options = options;
  }

  async run({ signal, ready }: { signal: AbortSignal; ready: () => void }): Promise<void> {
    ready();
    while (!signal.aborted) {
      await this.#options.clock.sleep(REFRESH_MS, { signal }).catch(() => {});
      for (const { pod } of this.#mounted.values()) if (!signal.aborted) await this.refresh(pod, { signal });
    }
  }

  async refresh(pod: Pod, { signal }: CallOptions): Promise<void> {
    const held = this.#mounted.get(pod.metadata?.uid ?? '');
    if (!held) return;
    held.pod = pod;
    try {
      await this.#options.volumes.refresh(pod, { signal });
    } catch (error) {
      if (!isAbort(error, signal)) this.#options.log.warn({ pod: pod.metadata?.name, error }, 'volumes could not be brought up to date');
    }
  }

  logDirectory(pod: Pod): string {
    const { namespace, name, uid } = pod.metadata ?? {};
    return `${this.#options.logsDirectory}/${namespace}_${name}_${uid}`;
  }

  podUids(): Promise<string[]> {
    return this.#options.volumes.known();
  }

  async mount(pod: Pod, options: CallOptions): Promise<void> {
    // A container without the devices that it was promised would be worse than none.
    if (pod.spec?.resourceClaims?.length || pod.status?.extendedResourceClaimStatus) {
      throw new ResourceError('Failed to prepare dynamic resources: DRA drivers cannot register with this node yet');
    }
    this.#wanted.set(pod.metadata?.uid ?? '', pod);
    await mkdir(this.logDirectory(pod), { recursive: true, mode: 0o755 });
    this.#mounted.set(pod.metadata?.uid ?? '', { pod, volumes: await this.#options.volumes.mount(pod, options) });
  }

  /** Of all pods that have mounted claims. */
  claimedVolumes(): ClaimedVolume[] {
    return [...this.#mounted.values()].flatMap(({ pod, volumes }) =>
      (pod.spec?.volumes ?? []).flatMap((volume) => {
        const claim = claimVolumeOf(pod, volume)?.claimName;
        const path = volumes.get(volume.name)?.hostPath;
        return claim === undefined || path === undefined ? [] : [{ namespace: pod.metadata?.namespace ?? '', claim, path }];
      }),
    );
  }

  /** The plugins of all volumes that are mounted, and of those that are to be; of a claim that was not found yet none is known. */
  volumePlugins(): VolumePlugins {
    const mounted = [...this.#mounted.values()].flatMap(({ volumes }) => [...volumes.values()].map(({ plugin }) => plugin));
    const wanted = [...this.#wanted].flatMap(([uid, { spec }]) =>
      (spec?.volumes ?? []).map((volume) => pluginOf(volume) ?? this.#mounted.get(uid)?.volumes.get(volume.name)?.plugin),
    );
    return { mounted, wanted };
  }

  async unmount(pod: Pod, options: CallOptions): Promise<void> {
    const uid = pod.metadata?.uid ?? '';
    this.#wanted.delete(uid);
    this.#mounted.delete(uid);
    await this.#options.volumes.unmount(uid, options);
  }

  async remove(pod: Pod, options: CallOptions): Promise<void> {
    await this.unmount(pod, options);
    await rm(this.logDirectory(pod), { recursive: true, force: true });
  }

  async containerMounts(pod: Pod, container: Container, request: ContainerMountRequest, options: CallOptions): Promise<Mount[]> {
    const volumes = this.#mounted.get(pod.metadata?.uid ?? '')?.volumes;
    const mounts: Mount[] = [];
    for (const mount of container.volumeMounts ?? []) {
      const volume = volumes?.get(mount.name);
      if (!volume) throw new ConfigError(`cannot find volume "${mount.name}" to mount into container "${container.name}"`);
      const subPath = mount.subPathExpr ? request.expandEnv(mount.subPathExpr) : mount.subPath;
      mounts.push({
        containerPath: mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`,
        hostPath: subPath ? await this.#subPath(volume, subPath, container, options) : volume.hostPath,
        readonly: mount.readOnly === true || volume.readonly === true,
        propagation: PROPAGATION[mount.mountPropagation ?? 'None'] ?? 'private',
      });
    }
    const taken = new Set(mounts.map((m) => m.containerPath));
    return [...mounts, ...(await this.#ownFiles(pod, container, request, taken))];
  }

  async terminationMessage(pod: Pod, container: Container, { attempt, exitCode }: { attempt: number; exitCode: number }): Promise<string> {
    const bytes = await readFile(this.#terminationLog(pod, container, attempt)).catch(() => Buffer.alloc(0));
    const text = bytes.subarray(0, TERMINATION_LOG_BYTES).toString('utf8');
    if (text !== '' || container.terminationMessagePolicy !== 'FallbackToLogsOnError' || exitCode === 0) return text;
    const log = await readFile(join(this.logDirectory(pod), logPathOf(container.name, attempt)), 'utf8').catch(() => '');
    const lines = log.trimEnd().split('\n').slice(-LOG_TAIL_LINES);
    // CRI's log lines: time, stream, tag, text.
    return lines
      .map((line) => line.split(' ').slice(3).join(' '))
      .join('\n')
      .slice(-LOG_TAIL_BYTES);
  }

  #layout(pod: Pod) {
    return podLayout(this.#options.podsDirectory, pod.metadata?.uid ?? '');
  }

  #terminationLog(pod: Pod, container: Container, attempt: number): string {
    return `${this.#layout(pod).container(container.name)}/${attempt}`;
  }

  async #ownFiles(pod: Pod, container: Container, request: ContainerMountRequest, taken: ReadonlySet<string>): Promise<Mount[]> {
    const mounts: Mount[] = [];
    if (!taken.has('/etc/hosts')) {
      const hostPath = this.#layout(pod).etcHosts;
      await writeFile(hostPath, request.hosts, { mode: 0o644 });
      mounts.push({ containerPath: '/etc/hosts', hostPath, readonly: container.securityContext?.readOnlyRootFilesystem === true });
    }
    const path = container.terminationMessagePath ?? '/dev/termination-log';
    if (path !== '' && !taken.has(path)) {
      const hostPath = this.#terminationLog(pod, container, request.attempt);
      await mkdir(dirname(hostPath), { recursive: true, mode: 0o750 });
      await writeFile(hostPath, '');
      // Any user in the container may write it.
      await chmod(hostPath, 0o666);
      mounts.push({ containerPath: path, hostPath, readonly: false });
    }
    return mounts;
  }

  async #subPath(volume: MountedVolume, subPath: string, container: Container, options: CallOptions): Promise<string> {
    try {
      return await resolveSubPath(volume, subPath, options);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new ConfigError(`failed to prepare subPath for volumeMount of container "${container.name}": ${message}`);
    }
  }
}
