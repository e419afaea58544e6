import { duplicate, type FieldError, forbidden, invalid, required, tooLong } from '../meta/field-error.ts';
import { checkEnum, checkImmutable, checkQualifiedName, same } from '../meta/validation.ts';
import type { StorageClass, TopologySelectorLabelRequirement, VolumeAttributesClass } from '../schema/generated/types.ts';

const MAX_PARAMETERS = 512;
const MAX_PARAMETER_BYTES = 256 * 1024;

const utf8Bytes = (text: string): number => new TextEncoder().encode(text).length;

/** Who provisions: a qualified name in any case. */
const checkProvisioner = (path: string, name = ''): FieldError[] =>
  name ? checkQualifiedName(path, name.toLowerCase()) : [required(path)];

function checkParameters(parameters: Readonly<Record<string, string>> = {}): FieldError[] {
  const entries = Object.entries(parameters);
  if (entries.length > MAX_PARAMETERS) return [tooLong('parameters', MAX_PARAMETERS)];
  const bytes = entries.reduce((sum, [key, value]) => sum + utf8Bytes(key) + utf8Bytes(value), 0);
  return [
    ...('' in parameters ? [invalid('parameters', '', 'field can not be empty.')] : []),
    ...(bytes > MAX_PARAMETER_BYTES ? [tooLong('parameters', MAX_PARAMETER_BYTES)] : []),
  ];
}

function checkTerm(path: string, expressions: readonly TopologySelectorLabelRequirement[]): FieldError[] {
  const keys = new Set<string>();
  return expressions.flatMap(({ key = '', values = [] }, i) => {
    const at = `${path}[${i}]`;
    const errors = values.length > 0 ? [] : [required(`${at}.values`)];
    errors.push(...values.flatMap((value, j) => (values.indexOf(value) < j ? [duplicate(`${at}.values[${j}]`, value)] : [])));
    errors.push(...checkQualifiedName(`${at}.key`, key));
    if (keys.has(key)) errors.push(duplicate(`${at}.key`, key));
    keys.add(key);
    return errors;
  });
}

/** Which values of which keys, in whatever order they were written. */
const meaning = (expressions: readonly TopologySelectorLabelRequirement[]): string =>
  JSON.stringify(expressions.map(({ key, values }) => [key, [...new Set(values)].sort()]).sort());

function checkTopologies(topologies: StorageClass['allowedTopologies'] = []): FieldError[] {
  // A term that says nothing counts as one that was there before.
  const seen = new Set([meaning([])]);
  return topologies.flatMap(({ matchLabelExpressions = [] }, i) => {
    const path = `allowedTopologies[${i}].matchLabelExpressions`;
    const errors = checkTerm(path, matchLabelExpressions);
    const id = meaning(matchLabelExpressions);
    if (seen.has(id)) errors.push(duplicate(path, ''));
    seen.add(id);
    return errors;
  });
}

export const checkStorageClass = (storageClass: StorageClass): FieldError[] => [
  ...checkProvisioner('provisioner', storageClass.provisioner),
  ...checkParameters(storageClass.parameters),
  ...checkEnum('reclaimPolicy', storageClass.reclaimPolicy || undefined, ['Delete', 'Retain']),
  ...checkEnum('volumeBindingMode', storageClass.volumeBindingMode, ['Immediate', 'WaitForFirstConsumer']),
  ...checkTopologies(storageClass.allowedTopologies),
];

/** `updates to provisioner are forbidden.` */
const frozen = <T extends object>(value: T, old: T, fields: readonly (keyof T & string)[]): FieldError[] =>
  fields.filter((field) => !same(value[field], old[field])).map((field) => forbidden(field, `updates to ${field} are forbidden.`));

export const checkStorageClassUpdate = (value: StorageClass, old: StorageClass): FieldError[] => [
  ...checkImmutable('parameters', value.parameters, old.parameters),
  ...checkImmutable('provisioner', value.provisioner ?? '', old.provisioner),
  ...checkImmutable('reclaimPolicy', value.reclaimPolicy, old.reclaimPolicy),
  ...checkImmutable('volumeBindingMode', value.volumeBindingMode, old.volumeBindingMode),
];

export const checkVolumeAttributesClass = ({ driverName, parameters = {} }: VolumeAttributesClass): FieldError[] => [
  ...checkProvisioner('driverName', driverName),
  ...checkParameters(parameters),
  ...(Object.keys(parameters).length > 0 ? [] : [required('parameters', 'must contain at least one key/value pair')]),
];

export const checkVolumeAttributesClassUpdate = (value: VolumeAttributesClass, old: VolumeAttributesClass): FieldError[] => [
  ...frozen(value, old, ['driverName', 'parameters']),
  ...checkVolumeAttributesClass(value),
];
