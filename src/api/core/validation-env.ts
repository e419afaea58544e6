import { type FieldError, invalid, notSupported, required } from '../meta/field-error.ts';
import type { EnvFromSource, EnvVar, EnvVarSource, ObjectFieldSelector, ResourceFieldSelector } from '../schema/generated/types.ts';

const NAME_RULE = "a valid environment variable name must consist only of printable ASCII characters other than '='";
const SOURCES = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'] as const;

export const ENV_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
/** Files of a downwardAPI volume know no addresses, but whole label and annotation sets. */
export const VOLUME_FIELDS = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid'];

const RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];

export function checkFieldRef(path: string, { fieldPath }: ObjectFieldSelector, supported: readonly string[]): FieldError[] {
  if (!fieldPath) return [required(`${path}.fieldPath`)];
  if (/^metadata\.(annotations|labels)\['[^']+'\]$/.test(fieldPath)) return [];
  return supported.includes(fieldPath) ? [] : [notSupported(`${path}.fieldPath`, fieldPath, supported)];
}

export function checkResourceFieldRef(path: string, { resource }: ResourceFieldSelector): FieldError[] {
  if (!resource) return [required(`${path}.resource`)];
  if (RESOURCES.includes(resource) || /^(limits|requests)\.hugepages-/.test(resource)) return [];
  return [notSupported(`${path}.resource`, resource, RESOURCES)];
}

function checkSource(path: string, source: EnvVarSource, value: string | undefined): FieldError[] {
  const given = SOURCES.filter((name) => source[name] !== undefined);
  if (given.length === 0) return [invalid(path, '', `must specify one of: \`${SOURCES.slice(0, -1).join('`, `')}\` or \`fileKeyRef\``)];
  if (value) return [invalid(path, '', 'may not be specified when `value` is not empty')];
  if (given.length > 1) return [invalid(path, '', 'may not have more than one field specified at a time')];
  if (source.fieldRef) return checkFieldRef(`${path}.fieldRef`, source.fieldRef, ENV_FIELDS);
  if (source.resourceFieldRef) return checkResourceFieldRef(`${path}.resourceFieldRef`, source.resourceFieldRef);
  const keyRef = source.configMapKeyRef ?? source.secretKeyRef;
  return keyRef && !keyRef.key ? [required(`${path}.${given[0]}.key`)] : [];
}

export function checkEnv(path: string, env: readonly EnvVar[] | undefined): FieldError[] {
  return (env ?? []).flatMap(({ name, value, valueFrom }, index) => {
    const at = `${path}[${index}]`;
    const errors: FieldError[] = [];
    if (!name) errors.push(required(`${at}.name`));
    else if (!/^[\x20-\x3c\x3e-\x7e]+$/.test(name)) errors.push(invalid(`${at}.name`, name, NAME_RULE));
    return valueFrom ? [...errors, ...checkSource(`${at}.valueFrom`, valueFrom, value)] : errors;
  });
}

export function checkEnvFrom(path: string, sources: readonly EnvFromSource[] | undefined): FieldError[] {
  return (sources ?? []).flatMap(({ configMapRef, secretRef }, index) => {
    const at = `${path}[${index}]`;
    if (!configMapRef && !secretRef) return [invalid(at, '', 'must specify one of: `configMapRef` or `secretRef`')];
    if (configMapRef && secretRef) return [invalid(at, '', 'may not have more than one field specified at a time')];
    if (configMapRef && !configMapRef.name) return [required(`${at}.configMapRef.name`)];
    return secretRef && !secretRef.name ? [required(`${at}.secretRef.name`)] : [];
  });
}
