import { checkCsiDriverName } from '../core/validation-volume-sources.ts';
import { type FieldError, invalid, notSupported, required, tooLong } from '../meta/field-error.ts';
import { labelValueFindings } from '../meta/names.ts';
import { checkImmutable, checkLabel, checkQualifiedName, checkSubdomain, checkTemplateMetadata, found } from '../meta/validation.ts';
import type {
  DeviceClaim,
  DeviceConstraint,
  DeviceRequest,
  DeviceSelector,
  DeviceSubRequest,
  DeviceToleration,
  ExactDeviceRequest,
  OpaqueDeviceConfiguration,
  ResourceClaimTemplate,
  ResourceV1ResourceClaim,
} from '../schema/generated/types.ts';
import { checkFullDeviceFieldName, checkList, checkSet } from './device-lists.ts';
import { selectorFinding } from './device-selector.ts';

const MOST = 32;
const MOST_ALTERNATIVES = 8;
const MOST_PARAMETER_BYTES = 10 * 1024;
const TAINT_EFFECTS = ['NoExecute', 'NoSchedule', 'None'];
const itself = (name: string) => name;

/** Requests by name, each with its alternatives. */
export type RequestNames = ReadonlyMap<string, ReadonlySet<string>>;

export const requestNames = (claim: DeviceClaim | undefined): RequestNames =>
  new Map((claim?.requests ?? []).map(({ name, firstAvailable = [] }) => [name, new Set(firstAvailable.map((each) => each.name))]));

export function checkDeviceClaim(path: string, claim: DeviceClaim | undefined): FieldError[] {
  const names = requestNames(claim);
  return [
    ...checkSet(`${path}.requests`, claim?.requests, { most: MOST, check: checkRequest, keyOf: ({ name }) => name }),
    ...checkList(`${path}.constraints`, claim?.constraints, MOST, (constraint, at) => checkConstraint(at, constraint, names)),
    ...checkList(`${path}.config`, claim?.config, MOST, ({ requests, opaque }, at) => [
      ...checkReferences(`${at}.requests`, requests, names),
      ...checkConfiguration(at, opaque),
    ]),
  ];
}

function checkRequest(request: DeviceRequest, path: string): FieldError[] {
  const { name, exactly, firstAvailable = [] } = request;
  const errors = checkLabel(`${path}.name`, name);
  const which = 'exactly one of `exactly` or `firstAvailable` is required';
  if (exactly && firstAvailable.length > 0) return [...errors, invalid(path, undefined, `${which}, but multiple fields are set`)];
  if (exactly) return [...errors, ...checkDevices(`${path}.exactly`, exactly)];
  if (firstAvailable.length === 0) return [...errors, required(path, which)];
  const check = (each: DeviceSubRequest, at: string) => [...checkLabel(`${at}.name`, each.name), ...checkDevices(at, each)];
  return [...errors, ...checkSet(`${path}.firstAvailable`, firstAvailable, { most: MOST_ALTERNATIVES, check, keyOf: (each) => each.name })];
}

function checkDevices(path: string, request: ExactDeviceRequest | DeviceSubRequest): FieldError[] {
  const { deviceClassName, selectors, allocationMode = '', count = 0, tolerations = [] } = request;
  return [
    ...(deviceClassName ? checkSubdomain(`${path}.deviceClassName`, deviceClassName) : [required(`${path}.deviceClassName`)]),
    ...checkSelectors(`${path}.selectors`, selectors),
    ...checkCount(path, allocationMode, count),
    ...tolerations.flatMap((toleration, i) => checkToleration(`${path}.tolerations[${i}]`, toleration)),
  ];
}

export const checkSelectors = (path: string, selectors: readonly DeviceSelector[] | undefined): FieldError[] =>
  checkList(path, selectors, MOST, ({ cel }, at) =>
    cel ? selectorFinding(`${at}.cel.expression`, cel.expression ?? '') : [required(`${at}.cel`)],
  );

function checkCount(path: string, mode: string, count: number): FieldError[] {
  if (mode === 'All') {
    return count === 0 ? [] : [invalid(`${path}.count`, count, "must not be specified when allocationMode is 'All'")];
  }
  if (mode === 'ExactCount') return count > 0 ? [] : [invalid(`${path}.count`, count, 'must be greater than zero')];
  return [notSupported(`${path}.allocationMode`, mode, ['All', 'ExactCount'])];
}

export function checkToleration(path: string, { key, operator = '', value = '', effect }: DeviceToleration): FieldError[] {
  const errors = key ? checkQualifiedName(`${path}.key`, key) : [];
  if (operator === 'Exists' && value !== '') errors.push(invalid(`${path}.value`, value, 'must be empty for operator `Exists`'));
  if (operator === 'Equal') errors.push(...found(`${path}.value`, value, labelValueFindings(value)));
  if (operator === '') errors.push(required(`${path}.operator`));
  else if (operator !== 'Exists' && operator !== 'Equal') errors.push(notSupported(`${path}.operator`, operator, ['Equal', 'Exists']));
  return [...errors, ...(effect ? checkEffect(path, effect) : [])];
}

export const checkEffect = (path: string, effect: string): FieldError[] =>
  TAINT_EFFECTS.includes(effect) ? [] : [notSupported(`${path}.effect`, effect, TAINT_EFFECTS)];

const NO_REFERENCE = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

export function checkReference(path: string, name: string, names: RequestNames): FieldError[] {
  const [request = '', alternative, ...rest] = name.split('/');
  if (rest.length > 0) return [invalid(path, name, NO_REFERENCE)];
  const parts = alternative === undefined ? [request] : [request, alternative];
  const there = alternative === undefined ? names.has(request) : names.get(request)?.has(alternative);
  return [...parts.flatMap((part) => checkLabel(path, part)), ...(there ? [] : [invalid(path, name, NO_REFERENCE)])];
}

const checkReferences = (path: string, references: readonly string[] | undefined, names: RequestNames): FieldError[] =>
  checkSet(path, references, { most: MOST, check: (name, at) => checkReference(at, name, names), keyOf: itself });

function checkConstraint(
  path: string,
  { requests, matchAttribute, distinctAttribute }: DeviceConstraint,
  names: RequestNames,
): FieldError[] {
  const errors = checkReferences(`${path}.requests`, requests, names);
  if (matchAttribute !== undefined) return [...errors, ...checkFullDeviceFieldName(`${path}.matchAttribute`, matchAttribute)];
  if (distinctAttribute !== undefined) return [...errors, ...checkFullDeviceFieldName(`${path}.distinctAttribute`, distinctAttribute)];
  const which = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set';
  return [...errors, required(path, which)];
}

export function checkConfiguration(path: string, opaque: OpaqueDeviceConfiguration | undefined): FieldError[] {
  if (!opaque) return [required(`${path}.opaque`)];
  return [
    ...checkCsiDriverName(`${path}.opaque.driver`, opaque.driver),
    ...checkParameters(`${path}.opaque.parameters`, opaque.parameters),
  ];
}

/** What a driver is told is an object of its own making. */
export function checkParameters(path: string, parameters: unknown): FieldError[] {
  if (parameters === undefined || parameters === null) return [required(path)];
  if (typeof parameters !== 'object' || Array.isArray(parameters)) return [invalid(path, '<value omitted>', 'must be a valid JSON object')];
  return JSON.stringify(parameters).length > MOST_PARAMETER_BYTES ? [tooLong(path, MOST_PARAMETER_BYTES)] : [];
}

export const checkClaim = ({ spec }: ResourceV1ResourceClaim): FieldError[] => checkDeviceClaim('spec.devices', spec?.devices);

export const checkClaimUpdate = ({ spec }: ResourceV1ResourceClaim, old: ResourceV1ResourceClaim): FieldError[] =>
  checkImmutable('spec', spec, old.spec);

export const checkClaimTemplate = ({ spec }: ResourceClaimTemplate): FieldError[] => [
  ...checkTemplateMetadata('spec.metadata', spec?.metadata),
  ...checkDeviceClaim('spec.spec.devices', spec?.spec?.devices),
];

export const checkClaimTemplateUpdate = (template: ResourceClaimTemplate, old: ResourceClaimTemplate): FieldError[] => [
  ...checkClaimTemplate(template),
  ...checkImmutable('spec', template.spec, old.spec),
];
