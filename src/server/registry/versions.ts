import { type ResourceDefinition, resourceId } from '../../api/define.ts';
import { invalid, invalidObject } from '../../api/meta/field-error.ts';
import type { ApiError } from '../../api/meta/status.ts';
import { unknownError } from './errors.ts';

/** Kinds whose changes must say which version they are of (upstream's AllowUnconditionalUpdate is false). */
const CONDITIONAL_ONLY = new Set([
  'leases.coordination.k8s.io',
  'poddisruptionbudgets.policy',
  'runtimeclasses.node.k8s.io',
  'csinodes.storage.k8s.io',
  'csidrivers.storage.k8s.io',
  'csistoragecapacities.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io',
  'mutatingadmissionpolicies.admissionregistration.k8s.io',
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'customresourcedefinitions.apiextensions.k8s.io',
  'apiservices.apiregistration.k8s.io',
  'storageversionmigrations.storagemigration.k8s.io',
]);

export const wantsVersion = (definition: ResourceDefinition): boolean =>
  Boolean(definition.structural) || CONDITIONAL_ONLY.has(resourceId(definition));

export const versionWanted = ({ plural, group }: ResourceDefinition, name: string): ApiError =>
  invalidObject(plural, group, name, [invalid('metadata.resourceVersion', 0, 'must be specified for an update')]);

/** Takes the version away that a client would speak of otherwise: nothing at all says nothing about it. */
export const NO_VERSION = '0';

const MAX_UINT64 = 2n ** 64n - 1n;

/** Why the text is no uint64, as Go's strconv says it. */
export function uint64Fault(text: string): string | undefined {
  const fault = !/^\d+$/.test(text) ? 'invalid syntax' : BigInt(text) > MAX_UINT64 ? 'value out of range' : undefined;
  return fault && `strconv.ParseUint: parsing ${JSON.stringify(text)}: ${fault}`;
}

/** The version that a client is speaking of; 0: of none. Throws what upstream answers to what is no number (ParseResourceVersion in apiserver's storage/api_object_versioner.go). */
export function readVersion(text: string | undefined): number {
  if (!text) return 0;
  const fault = uint64Fault(text);
  if (fault) throw unknownError(fault);
  return Number(text);
}
