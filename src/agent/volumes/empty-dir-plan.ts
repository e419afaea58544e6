import type { Pod } from '../../api/schema/generated/types.ts';
import { quantityValue } from '../../base/quantity.ts';

/**
 * Size of a memory-backed emptyDir: its own limit or the sum of the containers' memory limits, whichever is less (KEP-1967). undefined
 * leaves it to the kernel (half of the memory).
 */
export function memoryDirBytes(pod: Pod, sizeLimit: string | undefined): number | undefined {
  const containers = pod.spec?.containers ?? [];
  const limits = containers.map((c) => c.resources?.limits?.memory).filter((limit) => limit !== undefined);
  const ofPod = containers.length > 0 && limits.length === containers.length ? limits.reduce((sum, l) => sum + quantityValue(l), 0) : 0;
  const own = sizeLimit === undefined ? 0 : quantityValue(sizeLimit);
  const bounds = [ofPod, own].filter((bytes) => bytes > 0);
  return bounds.length > 0 ? Math.min(...bounds) : undefined;
}
