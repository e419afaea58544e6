import { fillZero } from '../meta/fill.ts';
import type { DeviceSubRequest, ExactDeviceRequest, ResourceClaimSpec } from '../schema/generated/types.ts';

/** How many devices a request means when it does not say (kubernetes, pkg/apis/resource/v1/defaults.go). */
export function defaultDeviceRequests(spec: ResourceClaimSpec | undefined): void {
  for (const { exactly, firstAvailable } of spec?.devices?.requests ?? []) {
    if (exactly) defaultCount(exactly);
    for (const alternative of firstAvailable ?? []) defaultCount(alternative);
  }
}

function defaultCount(request: ExactDeviceRequest | DeviceSubRequest): void {
  fillZero(request, { allocationMode: 'ExactCount' });
  if (request.allocationMode === 'ExactCount') fillZero(request, { count: 1 });
}
