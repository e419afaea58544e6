import type { AllocatedDeviceStatus } from '../schema/generated/types.ts';

/** Which device, and which share of it, an allocation or what its driver says is about. */
export const deviceStatusId = ({
  driver,
  pool,
  device,
  shareID,
}: Pick<AllocatedDeviceStatus, 'driver' | 'pool' | 'device' | 'shareID'>): string =>
  [driver, pool, device, ...(shareID ? [shareID] : [])].join('/');
