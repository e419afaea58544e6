import type { FilesystemUsage } from '../host/usage.ts';
import { exposition } from './exposition-plan.ts';

/** The claim behind a volume that a pod has mounted, and where it lies on this machine. */
export interface ClaimedVolume {
  readonly namespace: string;
  readonly claim: string;
  readonly path: string;
}

const FAMILIES = [
  ['capacity_bytes', 'Capacity in bytes of the volume', (u: FilesystemUsage) => u.capacityBytes],
  ['available_bytes', 'Number of available bytes in the volume', (u: FilesystemUsage) => u.availableBytes],
  ['used_bytes', 'Number of used bytes in the volume', (u: FilesystemUsage) => u.usedBytes],
  ['inodes', 'Maximum number of inodes in the volume', (u: FilesystemUsage) => u.inodes],
  ['inodes_free', 'Number of free inodes in the volume', (u: FilesystemUsage) => u.inodesFree],
  ['inodes_used', 'Number of used inodes in the volume', (u: FilesystemUsage) => u.inodes - u.inodesFree],
] as const;

/** The kubelet's `kubelet_volume_stats_…`, by claim: those of the file system that each lies on. */
export const volumeMetrics = (volumes: readonly (ClaimedVolume & { readonly usage: FilesystemUsage })[]): string =>
  exposition(
    FAMILIES.map(([name, help, value]) => ({
      name: `kubelet_volume_stats_${name}`,
      help,
      type: 'gauge',
      points: volumes.map(({ namespace, claim, usage }) => ({
        labels: { namespace, persistentvolumeclaim: claim },
        value: value(usage),
      })),
    })),
  );

/** A claim that several pods use is one volume. */
export const eachClaimOnce = (volumes: readonly ClaimedVolume[]): ClaimedVolume[] => [
  ...new Map(volumes.map((volume) => [`${volume.namespace}/${volume.claim}`, volume])).values(),
];
