import { quantityValue } from '../../base/quantity.ts';
import { type FieldError, invalid, notSupported, required } from '../meta/field-error.ts';
import { checkQualifiedName } from '../meta/validation.ts';
import type { PersistentVolumeClaim } from '../schema/generated/types.ts';
import { isNativeResource } from './resource-names.ts';

const RESIZE_STATES = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
].sort();

const checkAmount = (path: string, amount: string): FieldError[] =>
  quantityValue(amount) < 0 ? [invalid(path, quantityValue(amount), 'must be a valid resource quantity')] : [];

/** A claim has storage, and whatever others name with a domain of their own. */
function checkKey(path: string, name: string): FieldError[] {
  const errors = checkQualifiedName(path, name);
  return errors.length > 0 || !isNativeResource(name) || name === 'storage' ? errors : [notSupported(path, name, ['storage'])];
}

export function checkClaimStatus({ spec, status = {} }: PersistentVolumeClaim): FieldError[] {
  const { capacity = {}, allocatedResourceStatuses = {}, allocatedResources = {} } = status;
  const path = 'status.allocatedResourceStatuses';
  return [
    ...(spec?.accessModes?.length ? [] : [required('Spec.accessModes')]),
    ...Object.entries(capacity).flatMap(([name, amount]) => checkAmount(`status.capacity[${name}]`, amount)),
    ...Object.entries(allocatedResourceStatuses).flatMap(([name, state]) => [
      ...checkKey(path, name),
      // Upstream complains of the key.
      ...(RESIZE_STATES.includes(state) ? [] : [notSupported(path, name, RESIZE_STATES)]),
    ]),
    ...Object.entries(allocatedResources).flatMap(([name, amount]) => {
      const errors = checkKey('status.allocatedResources', name);
      return errors.length > 0 ? errors : checkAmount(`status.allocatedResources[${name}]`, amount);
    }),
  ];
}
