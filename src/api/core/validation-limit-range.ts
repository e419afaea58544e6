import { milliValue } from '../../base/quantity.ts';
import { duplicate, type FieldError, forbidden, invalid, required } from '../meta/field-error.ts';
import { checkQualifiedName } from '../meta/validation.ts';
import type { LimitRange, LimitRangeItem } from '../schema/generated/types.ts';
import { isOvercommitAllowed } from './resource-names.ts';
import { checkContainerResourceName, checkResourceName, compareAmounts } from './validation-resources.ts';

const TYPES = ['Pod', 'Container', 'PersistentVolumeClaim'];
const LISTS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;

function checkType(path: string, type: string): FieldError[] {
  const errors = checkQualifiedName(path, type);
  if (errors.length > 0 || type.includes('/') || TYPES.includes(type)) return errors;
  return [invalid(path, type, 'must be a standard limit type or fully qualified')];
}

/** Pods have no defaults of their own. */
function checkNames(path: string, item: LimitRangeItem): FieldError[] {
  const pod = item.type === 'Pod';
  const check = pod || item.type === 'Container' ? checkContainerResourceName : checkResourceName;
  return LISTS.flatMap((list) => {
    const names = Object.keys(item[list] ?? {});
    if (pod && (list === 'default' || list === 'defaultRequest')) {
      return names.length > 0 ? [forbidden(`${path}.${list}`, "may not be specified when `type` is 'Pod'")] : [];
    }
    const unbound = list === 'maxLimitRequestRatio' && item.type === 'PersistentVolumeClaim' && !item.min?.storage && !item.max?.storage;
    const detail = 'either minimum or maximum storage value is required, but neither was provided';
    return [...(unbound ? [required(`${path}.limits`, detail)] : []), ...names.flatMap((name) => check(`${path}.${list}[${name}]`, name))];
  });
}

function checkRatio(path: string, ratio: string | undefined, min: string | undefined, max: string | undefined): FieldError[] {
  if (ratio === undefined) return [];
  const errors = compareAmounts(ratio, '1') < 0 ? [invalid(path, ratio, `ratio ${ratio} is less than 1`)] : [];
  if (min === undefined || max === undefined) return errors;
  const most = milliValue(max) / milliValue(min);
  if (milliValue(ratio) / 1000 <= most) return errors;
  return [...errors, invalid(path, ratio, `ratio ${ratio} is greater than max/min = ${most.toFixed(6)}`)];
}

/** One resource: min <= request <= default <= max. */
function checkAmounts(path: string, item: LimitRangeItem, name: string): FieldError[] {
  const amounts = item.type === 'Pod' ? { ...item, default: {}, defaultRequest: {} } : item;
  const [max, min, limit, request, ratio] = LISTS.map((list) => amounts[list]?.[name]);
  const greater = (a: string | undefined, b: string | undefined) => a !== undefined && b !== undefined && compareAmounts(a, b) > 0;
  const at = (list: string) => `${path}.${list}[${name}]`;
  const rows: [boolean, string, string | undefined, string][] = [
    [greater(min, max), 'min', min, `min value ${min} is greater than max value ${max}`],
    [greater(min, request), 'defaultRequest', request, `min value ${min} is greater than default request value ${request}`],
    [greater(request, max), 'defaultRequest', request, `default request value ${request} is greater than max value ${max}`],
    [greater(request, limit), 'defaultRequest', request, `default request value ${request} is greater than default limit value ${limit}`],
    [greater(min, limit), 'default', min, `min value ${min} is greater than default value ${limit}`],
    [greater(limit, max), 'default', max, `default value ${limit} is greater than max value ${max}`],
  ];
  const errors = rows.filter(([wrong]) => wrong).map(([, list, value, detail]) => invalid(at(list), value, detail));
  errors.push(...checkRatio(at('maxLimitRequestRatio'), ratio, min, max));
  if (!isOvercommitAllowed(name) && limit !== undefined && request !== undefined && compareAmounts(limit, request) !== 0) {
    errors.push(invalid(at('defaultRequest'), request, `default value ${limit} must equal to defaultRequest value ${request} in ${name}`));
  }
  return errors;
}

export function checkLimitRange({ spec }: LimitRange): FieldError[] {
  const types = new Set<string>();
  return (spec?.limits ?? []).flatMap((item, i) => {
    const path = `spec.limits[${i}]`;
    const { type = '' } = item;
    const errors = checkType(`${path}.type`, type);
    if (types.has(type)) errors.push(duplicate(`${path}.type`, type));
    types.add(type);
    const names = new Set(LISTS.flatMap((list) => Object.keys(item[list] ?? {})));
    return [...errors, ...checkNames(path, item), ...[...names].flatMap((name) => checkAmounts(path, item, name))];
  });
}
