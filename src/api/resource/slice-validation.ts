import { addQuantities, compareQuantities, formatQuantity, isQuantity, parseQuantity } from '../../base/quantity.ts';
import { checkNodeSelector } from '../core/validation-scheduling.ts';
import { checkCsiDriverName } from '../core/validation-volume-sources.ts';
import { type FieldError, forbidden, invalid, required, tooLong } from '../meta/field-error.ts';
import { dns1123SubdomainFindings, labelValueFindings, MAX_LABEL_LENGTH } from '../meta/names.ts';
import { checkImmutable, checkLabel, checkQualifiedName, found } from '../meta/validation.ts';
import type {
  CapacityRequestPolicy,
  CounterSet,
  Device,
  DeviceAttribute,
  DeviceCapacity,
  DeviceCounterConsumption,
  DeviceTaint,
  ResourceSlice,
  ResourceSliceSpec,
} from '../schema/generated/types.ts';
import { checkBinding } from './binding-validation.ts';
import { checkEffect } from './claim-validation.ts';
import { checkDeviceFieldName, checkList, checkMap, checkPoolName, checkSet } from './device-lists.ts';

const MOST_DEVICES = 128;
const MOST_DEVICES_WITH_MORE = 64;
const MOST_COUNTER_SETS = 8;
const MOST_COUNTERS = 32;
const MOST_CONSUMED_SETS = 2;
const MOST_ATTRIBUTES = 32;
const MOST_VALUES = 48;
const MOST_TAINTS = 16;
const MOST_POLICY_VALUES = 10;
const MAX_VALUE_LENGTH = 64;
/** `domain/name`. */
const MAX_FIELD_NAME = 63 + 1 + 32;
const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/;

export const checkSlice = ({ spec }: ResourceSlice): FieldError[] => checkSpec(spec ?? {}, undefined);

export const checkSliceUpdate = ({ spec }: ResourceSlice, { spec: old }: ResourceSlice): FieldError[] => checkSpec(spec ?? {}, old);

const checkSame = (spec: Partial<ResourceSliceSpec>, old: ResourceSliceSpec): FieldError[] => [
  ...checkImmutable('spec.pool.name', spec.pool?.name ?? '', old.pool.name),
  ...checkImmutable('spec.driver', spec.driver ?? '', old.driver),
  ...checkImmutable('spec.nodeName', spec.nodeName, old.nodeName),
];

function checkSpec(spec: Partial<ResourceSliceSpec>, old: ResourceSliceSpec | undefined): FieldError[] {
  const { driver, pool, devices, sharedCounters, perDeviceNodeSelection } = spec;
  const errors = [
    ...(driver ? checkCsiDriverName('spec.driver', driver) : [required('spec.driver')]),
    ...checkPoolName('spec.pool.name', pool?.name ?? ''),
  ];
  if ((pool?.resourceSliceCount ?? 0) <= 0) {
    errors.push(invalid('spec.pool.resourceSliceCount', pool?.resourceSliceCount ?? 0, 'must be greater than zero'));
  }
  if ((pool?.generation ?? 0) < 0) errors.push(invalid('spec.pool.generation', pool?.generation, 'must be greater than or equal to zero'));
  if (old) errors.push(...checkSame(spec, old));
  errors.push(...checkNodes(spec));
  if (sharedCounters && devices) errors.push(invalid('spec', '', 'only one of `sharedCounters` or `devices` is allowed'));
  return [
    ...errors,
    ...checkSet('spec.devices', devices, {
      most: devices?.some(needsMore) ? MOST_DEVICES_WITH_MORE : MOST_DEVICES,
      check: (device, path) => checkDevice(path, device, perDeviceNodeSelection === true),
      keyOf: ({ name }) => name,
    }),
    ...checkSet('spec.sharedCounters', sharedCounters, { most: MOST_COUNTER_SETS, check: checkCounterSet, keyOf: ({ name }) => name }),
  ];
}

const needsMore = ({ taints = [], consumesCounters = [], attributes = {} }: Device): boolean =>
  taints.length > 0 ||
  consumesCounters.length > 0 ||
  Object.values(attributes).some(({ bools, ints, strings, versions }) => bools ?? ints ?? strings ?? versions);

const WHICH_NODES = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';

function checkNodes({ nodeName, nodeSelector, allNodes, perDeviceNodeSelection }: Partial<ResourceSliceSpec>): FieldError[] {
  const errors: FieldError[] = [];
  if (nodeName === '') errors.push(invalid('spec.nodeName', '', 'must be either unset or set to a non-empty string'));
  else if (nodeName) errors.push(...found('spec.nodeName', nodeName, dns1123SubdomainFindings(nodeName)));
  if (nodeSelector) {
    errors.push(...checkNodeSelector('spec.nodeSelector', nodeSelector));
    if (nodeSelector.nodeSelectorTerms?.length !== 1) {
      const detail = 'must have exactly one node selector term';
      errors.push(invalid('spec.nodeSelector.nodeSelectorTerms', nodeSelector.nodeSelectorTerms, detail));
    }
  }
  if (allNodes === false) errors.push(invalid('spec.allNodes', false, 'must be either unset or set to true'));
  if (perDeviceNodeSelection === false) errors.push(invalid('spec.perDeviceNodeSelection', false, 'must be either unset or set to true'));
  const set = namesOf({ nodeName, nodeSelector, allNodes, perDeviceNodeSelection });
  if (set.length === 0) return [...errors, required('spec', WHICH_NODES)];
  if (set.length > 1) errors.push(invalid('spec', `{${set.join(', ')}}`, `${WHICH_NODES}, but multiple fields are set`));
  return errors;
}

const namesOf = (fields: object): string[] =>
  Object.entries(fields)
    .filter(([, value]) => value)
    .map(([name]) => `\`${name}\``);

const WHICH_NODE =
  'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
const NO_NODE =
  '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec';

function checkDevice(path: string, device: Device, choosesNodes: boolean): FieldError[] {
  const { name, attributes = {}, capacity = {}, taints, consumesCounters, allowMultipleAllocations } = device;
  const errors = checkLabel(`${path}.name`, name);
  const fields = Object.keys(attributes).length + Object.keys(capacity).length;
  if (fields > MOST_ATTRIBUTES) {
    errors.push(invalid(path, fields, `the total number of attributes and capacities must not exceed ${MOST_ATTRIBUTES}`));
  }
  const values = Object.values(attributes).reduce((sum, attribute) => sum + Math.max(listedIn(attribute).length, 1), 0);
  if (values > MOST_VALUES) errors.push(invalid(path, values, `the total number of attribute values must not exceed ${MOST_VALUES}`));
  const unbounded = Number.POSITIVE_INFINITY;
  const checkCapacity = (each: DeviceCapacity, at: string) => checkPolicy(at, each, allowMultipleAllocations === true);
  return [
    ...errors,
    ...checkMap(`${path}.attributes`, attributes, {
      most: unbounded,
      longestKey: MAX_FIELD_NAME,
      key: checkDeviceFieldName,
      check: checkAttribute,
    }),
    ...checkMap(`${path}.capacity`, capacity, {
      most: unbounded,
      longestKey: MAX_FIELD_NAME,
      key: checkDeviceFieldName,
      check: checkCapacity,
    }),
    ...checkList(`${path}.taints`, taints, MOST_TAINTS, checkTaint),
    ...checkSet(`${path}.consumesCounters`, consumesCounters, {
      most: MOST_CONSUMED_SETS,
      check: checkConsumption,
      keyOf: ({ counterSet }) => counterSet,
    }),
    ...checkNodeOf(path, device, choosesNodes),
    ...checkBinding(path, device),
  ];
}

function checkNodeOf(path: string, { nodeName, nodeSelector, allNodes }: Device, choosesNodes: boolean): FieldError[] {
  const any = nodeName !== undefined || nodeSelector !== undefined || allNodes !== undefined;
  if (!choosesNodes) return any ? [invalid(path, undefined, NO_NODE)] : [];
  const errors: FieldError[] = [];
  if (nodeName === '') errors.push(invalid(`${path}.nodeName`, '', 'must not be empty'));
  else if (nodeName) errors.push(...found(`${path}.nodeName`, nodeName, dns1123SubdomainFindings(nodeName)));
  if (nodeSelector) errors.push(...checkNodeSelector(`${path}.nodeSelector`, nodeSelector));
  if (allNodes === false) errors.push(invalid(`${path}.allNodes`, false, 'must be either unset or set to true'));
  const set = namesOf({ nodeName, nodeSelector, allNodes });
  if (set.length === 0) return [...errors, required(path, WHICH_NODE)];
  return set.length > 1 ? [...errors, invalid(path, `{${set.join(', ')}}`, WHICH_NODE)] : errors;
}

const listedIn = ({ bools, ints, strings, versions }: DeviceAttribute): readonly unknown[] => [
  ...(bools ?? []),
  ...(ints ?? []),
  ...(strings ?? []),
  ...(versions ?? []),
];

function checkAttribute(attribute: DeviceAttribute, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { string, version, strings, versions } = attribute;
  if (string !== undefined) errors.push(...checkText(`${path}.string`, string));
  if (version !== undefined) errors.push(...checkVersion(`${path}.version`, version));
  for (const list of ['bools', 'ints', 'strings', 'versions'] as const) {
    if (attribute[list]?.length === 0) errors.push(invalid(`${path}.${list}`, [], 'must not be empty if specified'));
  }
  errors.push(...(strings ?? []).flatMap((text, i) => checkText(`${path}.strings[${i}]`, text)));
  errors.push(...(versions ?? []).flatMap((text, i) => checkVersion(`${path}.versions[${i}]`, text)));
  const values = Object.values(attribute).filter((value) => value !== undefined).length;
  if (values === 1) return errors;
  return [...errors, invalid(path, values === 0 ? '' : attribute, 'exactly one value must be specified')];
}

const checkText = (path: string, text: string): FieldError[] => (text.length > MAX_VALUE_LENGTH ? [tooLong(path, MAX_VALUE_LENGTH)] : []);

const checkVersion = (path: string, text: string): FieldError[] => [
  ...(SEMVER.test(text) ? [] : [invalid(path, text, 'must be a string compatible with semver.org spec 2.0.0')]),
  ...checkText(path, text),
];

function checkPolicy(path: string, { value, requestPolicy: policy }: DeviceCapacity, shared: boolean): FieldError[] {
  if (!policy) return [];
  const at = `${path}.requestPolicy`;
  if (!shared) return [forbidden(at, 'allowMultipleAllocations must be true')];
  const { validValues = [], validRange } = policy;
  if (validValues.length > 0 && validRange) {
    return [forbidden(at, 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time')];
  }
  if (validValues.length > 0) return checkValues(at, policy, value);
  return validRange ? checkRange(at, policy, value) : [];
}

const less = (a: string, b: string): boolean => isQuantity(a) && isQuantity(b) && compareQuantities(parseQuantity(a), parseQuantity(b)) < 0;

function checkValues(path: string, { default: chosen, validValues = [] }: CapacityRequestPolicy, most: string): FieldError[] {
  if (chosen === undefined) return [required(`${path}.default`, 'required when validValues is defined')];
  const at = `${path}.validValues`;
  const unsorted = validValues.flatMap((value, i) =>
    i > 0 && less(value, validValues[i - 1] ?? '') ? [invalid(`${at}[${i}]`, value, 'values must be sorted in ascending order')] : [],
  );
  const check = (value: string, each: string) =>
    less(most, value) ? [invalid(each, value, `option is larger than capacity value: ${most}`)] : [];
  const isThere = validValues.some((value) => !less(value, chosen) && !less(chosen, value));
  return [
    ...unsorted,
    ...checkSet(at, validValues, { most: MOST_POLICY_VALUES, check, keyOf: (value) => value }),
    ...(isThere ? [] : [invalid(at, chosen, 'default value is not valid according to the requestPolicy')]),
  ];
}

function checkRange(path: string, { default: chosen, validRange }: CapacityRequestPolicy, capacity: string): FieldError[] {
  if (chosen === undefined) return [required(`${path}.default`, 'required when validRange is defined')];
  const at = `${path}.validRange`;
  const { min, max, step } = validRange ?? { min: '' };
  if (!min) return [required(`${at}.min`, 'required when validRange is defined')];
  const errors: FieldError[] = [];
  if (less(capacity, min)) errors.push(invalid(`${at}.min`, min, `min is larger than capacity value: ${capacity}`));
  if (less(chosen, min)) errors.push(invalid(`${at}.min`, chosen, `default is less than min: ${min}`));
  if (max !== undefined) {
    if (less(max, min)) errors.push(invalid(`${at}.max`, min, `min is larger than max: ${max}`));
    if (less(capacity, max)) errors.push(invalid(`${at}.max`, max, `max is larger than capacity value: ${capacity}`));
    if (less(max, chosen)) errors.push(invalid(`${at}.max`, chosen, `default is more than max: ${max}`));
  }
  return [...errors, ...(step === undefined ? [] : checkSteps(`${at}.step`, { min, step, capacity }, [chosen, max]))];
}

interface Steps {
  readonly min: string;
  readonly step: string;
  readonly capacity: string;
}

function checkSteps(path: string, { min, step, capacity }: Steps, values: readonly (string | undefined)[]): FieldError[] {
  const [first, size] = [parseQuantity(min).nanos, parseQuantity(step).nanos];
  if (size <= 0n) return [invalid(path, step, 'must be greater than zero')];
  const next = formatQuantity(addQuantities(parseQuantity(min), parseQuantity(step)));
  const tooWide = less(capacity, next);
  const off = values.filter((value) => value !== undefined && (parseQuantity(value).nanos - first) % size !== 0n);
  return [
    ...(tooWide ? [invalid(path, step, `one step ${next} is larger than capacity value: ${capacity}`)] : []),
    ...off.map((value) => invalid(path, value, `value is not a multiple of a given step (${step}) from (${min})`)),
  ];
}

function checkTaint({ key, value = '', effect }: DeviceTaint, path: string): FieldError[] {
  return [
    ...checkQualifiedName(`${path}.key`, key),
    ...(value === '' ? [] : found(`${path}.value`, value, labelValueFindings(value))),
    ...(effect ? checkEffect(path, effect) : [required(`${path}.effect`)]),
  ];
}

const anyQuantity = () => [];
const counterName = (name: string, path: string) => checkLabel(path, name);

const checkConsumption = ({ counterSet, counters }: DeviceCounterConsumption, path: string): FieldError[] => [
  ...(counterSet ? checkLabel(`${path}.counterSet`, counterSet) : [required(`${path}.counterSet`)]),
  ...checkCounters(`${path}.counters`, counters),
];

const checkCounterSet = ({ name, counters }: CounterSet, path: string): FieldError[] => [
  ...(name ? checkLabel(`${path}.name`, name) : [required(`${path}.name`)]),
  ...checkCounters(`${path}.counters`, counters),
];

const checkCounters = (path: string, counters: CounterSet['counters'] | undefined): FieldError[] =>
  Object.keys(counters ?? {}).length === 0
    ? [required(path)]
    : checkMap(path, counters, { most: MOST_COUNTERS, longestKey: MAX_LABEL_LENGTH, key: counterName, check: anyQuantity });
