import { mountTmpfs, readMounts, unmountAll } from '../host/mounts.ts';
import type { VolumeMounts } from './volumes.ts';

/** The node's own mounts. Needs root. */
export const hostVolumeMounts: VolumeMounts = {
  targets: async () => (await readMounts()).map(({ target }) => target),
  mountTmpfs,
  unmountAll,
};
