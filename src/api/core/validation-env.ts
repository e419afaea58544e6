import { type FieldError, invalid, notFoundValue, notSupported, required } from '../meta/field-error.ts';
import { dns1123SubdomainFindings, qualifiedNameFindings } from '../meta/names.ts';
import { checkLabel, configKeyFindings, found } from '../meta/validation.ts';
import type {
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  FileKeySelector,
  ObjectFieldSelector,
  PodSpec,
  ResourceFieldSelector,
} from '../schema/generated/types.ts';
import { checkNoBacksteps } from './validation-paths.ts';

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
/** What v1 can name at all; anything else does not convert. */
const KNOWN_FIELDS = new Set([...ENV_FIELDS, ...VOLUME_FIELDS, 'spec.restartPolicy', 'spec.schedulerName', 'status.phase', 'spec.host']);

const RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];

const envNameFindings = (name: string): string[] => (/^[\x20-\x3c\x3e-\x7e]+$/.test(name) ? [] : [NAME_RULE]);

export function checkFieldRef(path: string, { apiVersion, fieldPath }: ObjectFieldSelector, supported: readonly string[]): FieldError[] {
  if (apiVersion === '') return [required(`${path}.apiVersion`)];
  if (!fieldPath) return [required(`${path}.fieldPath`)];
  const at = `${path}.fieldPath`;
  const [, whole = fieldPath, subscript] = /^(.+)\['([^']*)'\]$/.exec(fieldPath) ?? [];
  const subscripted = whole === 'metadata.annotations' || whole === 'metadata.labels';
  if ((apiVersion ?? 'v1') !== 'v1') {
    return [invalid(at, fieldPath, `error converting fieldPath: unsupported pod version: ${apiVersion}`)];
  }
  if (subscript === undefined ? !KNOWN_FIELDS.has(fieldPath) : !subscripted && !KNOWN_FIELDS.has(whole)) {
    return [
      invalid(at, fieldPath, `error converting fieldPath: field label not supported: ${subscript === undefined ? fieldPath : whole}`),
    ];
  }
  if (subscript === undefined) return supported.includes(fieldPath) ? [] : [notSupported(at, fieldPath, supported)];
  if (!subscripted) {
    return [invalid(at, fieldPath, `error converting fieldPath: field label does not support subscript: ${whole}`)];
  }
  const key = whole === 'metadata.annotations' ? subscript.toLowerCase() : subscript;
  return found(path, key, qualifiedNameFindings(key));
}

const BYTE_DIVISORS = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];
const DIVISORS: readonly (readonly [pattern: RegExp, allowed: readonly string[], spoken: string])[] = [
  [/^(limits|requests)\.cpu$/, ['1m', '1'], 'cpu'],
  [/^(limits|requests)\.memory$/, BYTE_DIVISORS, 'memory'],
  [/^(limits|requests)\.ephemeral-storage$/, BYTE_DIVISORS, 'local ephemeral storage'],
  [/^(limits|requests)\.hugepages-/, BYTE_DIVISORS, 'hugepages'],
];

function checkDivisor(path: string, resource: string, divisor: string): FieldError[] {
  if (divisor === '0') return [];
  const [, allowed = [], spoken] = DIVISORS.find(([pattern]) => pattern.test(resource)) ?? [];
  if (spoken === undefined || allowed.includes(divisor)) return [];
  const values = spoken === 'cpu' ? '1m and 1' : allowed.join(', ');
  return [invalid(`${path}.divisor`, resource, `only divisor's values ${values} are supported with the ${spoken} resource`)];
}

/** In a volume the container must be named; a variable means its own. */
export function checkResourceFieldRef(path: string, ref: ResourceFieldSelector, inVolume: boolean): FieldError[] {
  const { resource = '', containerName, divisor = '0' } = ref;
  const errors: FieldError[] = [];
  if (inVolume && !containerName) errors.push(required(`${path}.containerName`));
  else if (!resource) errors.push(required(`${path}.resource`));
  else if (!RESOURCES.includes(resource) && !/^(limits|requests)\.hugepages-/.test(resource)) {
    errors.push(notSupported(`${path}.resource`, resource, RESOURCES));
  }
  return [...errors, ...checkDivisor(path, resource, divisor)];
}

function checkKeyRef(path: string, { name = '', key }: { name?: string; key?: string }): FieldError[] {
  return [
    ...found(`${path}.name`, name, dns1123SubdomainFindings(name)),
    ...(key ? found(`${path}.key`, key, configKeyFindings(key)) : [required(`${path}.key`)]),
  ];
}

function checkFileRef(path: string, { volumeName, path: file, key }: FileKeySelector): FieldError[] {
  return [
    ...(key ? found(`${path}.key`, key, envNameFindings(key)) : [required(`${path}.key`)]),
    ...(volumeName ? checkLabel(`${path}.volumeName`, volumeName) : [required(`${path}.volumeName`)]),
    ...(file ? checkNoBacksteps(`${path}.path`, file) : [required(`${path}.path`)]),
  ];
}

function checkSource(path: string, source: EnvVarSource, value: string | undefined): FieldError[] {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source;
  const errors = [
    ...(fieldRef ? checkFieldRef(`${path}.fieldRef`, fieldRef, ENV_FIELDS) : []),
    ...(resourceFieldRef ? checkResourceFieldRef(`${path}.resourceFieldRef`, resourceFieldRef, false) : []),
    ...(configMapKeyRef ? checkKeyRef(`${path}.configMapKeyRef`, configMapKeyRef) : []),
    ...(secretKeyRef ? checkKeyRef(`${path}.secretKeyRef`, secretKeyRef) : []),
    ...(fileKeyRef ? checkFileRef(`${path}.fileKeyRef`, fileKeyRef) : []),
  ];
  const given = SOURCES.filter((name) => source[name] !== undefined).length;
  if (given === 0) {
    const names = SOURCES.slice(0, -1).join('`, `');
    errors.push(invalid(path, '', `must specify one of: \`${names}\` or \`fileKeyRef\``));
  } else if (value) errors.push(invalid(path, '', 'may not be specified when `value` is not empty'));
  else if (given > 1) errors.push(invalid(path, '', 'may not have more than one field specified at a time'));
  return errors;
}

export function checkEnv(path: string, env: readonly EnvVar[] | undefined): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, { name, value, valueFrom }] of (env ?? []).entries()) {
    if (!name) errors.push(required(`${path}[${index}].name`));
    else for (const finding of envNameFindings(name)) errors.push(invalid(`${path}[${index}].name`, name, finding));
    if (valueFrom) errors.push(...checkSource(`${path}[${index}].valueFrom`, valueFrom, value));
  }
  return errors;
}

function checkEnvRef(path: string, { name }: { name?: string }): FieldError[] {
  return name ? found(`${path}.name`, name, dns1123SubdomainFindings(name)) : [required(`${path}.name`)];
}

export function checkEnvFrom(path: string, sources: readonly EnvFromSource[] | undefined): FieldError[] {
  return (sources ?? []).flatMap(({ prefix, configMapRef, secretRef }, index) => {
    const at = `${path}[${index}]`;
    const errors = [
      ...(prefix ? found(`${at}.prefix`, prefix, envNameFindings(prefix)) : []),
      ...(configMapRef ? checkEnvRef(`${at}.configMapRef`, configMapRef) : []),
      ...(secretRef ? checkEnvRef(`${at}.secretRef`, secretRef) : []),
    ];
    if (!configMapRef && !secretRef) errors.push(invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
    if (configMapRef && secretRef) errors.push(invalid(path, '', 'may not have more than one field specified at a time'));
    return errors;
  });
}

/** Files of variables lie in volumes that an init container of the pod can have written to (KEP-3721). */
export function checkFileVolumes(path: string, spec: PodSpec): FieldError[] {
  const volumes = new Map((spec.volumes ?? []).map((volume) => [volume.name, volume]));
  const check = (at: string, volumeName: string): FieldError[] => {
    const volume = volumes.get(volumeName);
    if (!volume) return [notFoundValue(at, volumeName)];
    return volume.emptyDir ? [] : [invalid(at, volumeName, 'referenced volume must be of type emptyDir')];
  };
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).flatMap(({ env = [] }, c) =>
      env.flatMap(({ valueFrom }, e) => {
        const ref = valueFrom?.fileKeyRef;
        return ref ? check(`${path}.${list}[${c}].env[${e}].valueFrom.fileKeyRef.volumeName`, ref.volumeName ?? '') : [];
      }),
    ),
  );
}
