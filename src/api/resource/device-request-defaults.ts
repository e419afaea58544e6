import { fillZero } from '../meta/fill.ts';
import type { DeviceSubRequest, DeviceToleration, ExactDeviceRequest, ResourceClaimSpec } from '../schema/generated/types.ts';

/** What a request means when it does not say (kubernetes, pkg/apis/resource/v1: defaults.go, zz_generated.defaults.go). */
export function defaultDeviceRequests(spec: ResourceClaimSpec | undefined): void {
  for (const { exactly, firstAvailable } of spec?.devices?.requests ?? []) {
    if (exactly) defaultRequest(exactly);
    for (const alternative of firstAvailable ?? []) defaultRequest(alternative);
  }
}

function defaultRequest(request: ExactDeviceRequest | DeviceSubRequest): void {
  fillZero(request, { allocationMode: 'ExactCount' });
  if (request.allocationMode === 'ExactCount') fillZero(request, { count: 1 });
  defaultTolerations(request.tolerations);
}

export function defaultTolerations(tolerations: readonly DeviceToleration[] = []): void {
  for (const toleration of tolerations) fillZero(toleration, { operator: 'Equal' });
}
