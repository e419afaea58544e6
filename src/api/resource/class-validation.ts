import { isExtendedResource } from '../core/resource-names.ts';
import { type FieldError, invalid } from '../meta/field-error.ts';
import type { DeviceClass } from '../schema/generated/types.ts';
import { checkConfiguration, checkSelectors } from './claim-validation.ts';
import { checkList } from './device-lists.ts';

const MOST_CONFIGURATIONS = 32;

export function checkDeviceClass({ spec }: DeviceClass): FieldError[] {
  const { selectors, config, extendedResourceName: name } = spec ?? {};
  return [
    ...checkSelectors('spec.selectors', selectors),
    ...checkList('spec.config', config, MOST_CONFIGURATIONS, ({ opaque }, path) => checkConfiguration(path, opaque)),
    ...(name !== undefined && !isExtendedResource(name)
      ? [invalid('spec.extendedResourceName', name, 'must be a valid extended resource name')]
      : []),
  ];
}
