import type { DeviceTaint, DeviceToleration, ResourceSlice } from '../schema/generated/types.ts';

/** Does the toleration of a request match the taint of a device? (kubernetes, dynamic-resource-allocation, ToleratesTaint) */
export const toleratesDeviceTaint = ({ effect, key, operator = 'Equal', value = '' }: DeviceToleration, taint: DeviceTaint): boolean =>
  (!effect || effect === taint.effect) && (!key || key === taint.key) && (operator === 'Exists' || value === (taint.value ?? ''));

/** Taints that do not say since when they hold do so since now. */
export function stampTaints({ spec }: ResourceSlice, now: string): void {
  for (const { taints } of spec?.devices ?? []) for (const taint of taints ?? []) taint.timeAdded ??= now;
}
