import { MAX_SCORE, type SchedulerPlugin } from '../framework.ts';

const MIB = 1024 * 1024;
const SMALLEST = 23 * MIB;
const LARGEST_PER_CONTAINER = 1000 * MIB;

const withTag = (image: string) => (/[:@][^/]*$/.test(image) ? image : `${image}:latest`);

/** Prefers nodes that hold the pod's images already, by their size (ImageLocality). */
export const imageLocality: SchedulerPlugin = {
  name: 'ImageLocality',
  score({ pod }, { node }) {
    const containers = pod.spec?.containers ?? [];
    const wanted = new Set(containers.map((c) => withTag(c.image ?? '')));
    let bytes = 0;
    for (const { names, sizeBytes = 0 } of node.status?.images ?? []) {
      if (names?.some((name) => wanted.has(name))) bytes += sizeBytes;
    }
    const largest = LARGEST_PER_CONTAINER * Math.max(containers.length, 1);
    return (MAX_SCORE * (Math.min(Math.max(bytes, SMALLEST), largest) - SMALLEST)) / (largest - SMALLEST);
  },
};
