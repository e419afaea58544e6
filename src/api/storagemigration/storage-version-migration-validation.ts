import { checkConditions, isConditionTrue } from '../meta/conditions.ts';
import { type FieldError, invalid, required } from '../meta/field-error.ts';
import { dns1035LabelFindings } from '../meta/names.ts';
import { checkImmutable, checkSubdomain } from '../meta/validation.ts';
import type { StorageVersionMigration } from '../schema/generated/types.ts';

export function checkStorageVersionMigration({ spec }: StorageVersionMigration): FieldError[] {
  const { group = '', resource = '' } = spec?.resource ?? {};
  const path = 'spec.resource.resource';
  const findings = dns1035LabelFindings(resource);
  return [
    ...(resource === '' ? [required(path, 'resource is required to be set')] : []),
    ...(resource !== '' && findings.length > 0 ? [invalid(path, resource, findings.join(','))] : []),
    ...(group === '' ? [] : checkSubdomain('spec.resource.group', group)),
  ];
}

export const checkStorageVersionMigrationUpdate = (
  { spec }: StorageVersionMigration,
  { spec: old }: StorageVersionMigration,
): FieldError[] => checkImmutable('spec', spec, old);

/** Zero is the start of a watch, and no object ever has it. */
const RESOURCE_VERSION = /^[1-9]\d*$/;

/** How a migration ended never changes, nor the revision that it began at. */
export function checkStorageVersionMigrationStatus({ status }: StorageVersionMigration, old: StorageVersionMigration): FieldError[] {
  const { resourceVersion = '', conditions = [] } = status ?? {};
  const before = old.status?.resourceVersion ?? '';
  const path = 'status.conditions';
  const versionPath = 'status.resourceVersion';
  const malformed = resourceVersion !== '' && !RESOURCE_VERSION.test(resourceVersion);
  const takenBack = (type: string) => isConditionTrue(old.status?.conditions, type) && !isConditionTrue(conditions, type);
  const both = isConditionTrue(conditions, 'Succeeded') && isConditionTrue(conditions, 'Failed');
  return [
    ...(malformed ? [invalid(versionPath, resourceVersion, `resource version is not well formed: ${resourceVersion}`)] : []),
    ...checkConditions(path, conditions),
    ...(before !== '' && before !== resourceVersion ? [invalid(versionPath, resourceVersion, 'field is immutable')] : []),
    ...(both ? [invalid(path, conditions, 'Both success and failed conditions cannot be true at the same time')] : []),
    ...(takenBack('Succeeded') ? [invalid(path, conditions, 'Success condition cannot be set to false once it is true')] : []),
    ...(takenBack('Failed') ? [invalid(path, conditions, 'Failed condition cannot be set to false once it is true')] : []),
  ];
}
