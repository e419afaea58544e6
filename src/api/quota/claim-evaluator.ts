import { compareQuantities, parseQuantity, type Quantity } from '../../base/quantity.ts';
import type { Amounts } from '../core/pod-resources.ts';
import { storageClassOf } from '../core/storage-class-of.ts';
import type { PersistentVolumeClaim } from '../schema/generated/types.ts';
import { matchesNames, ONE, type QuotaEvaluator } from './evaluator.ts';

const COUNT = 'count/persistentvolumeclaims';
const NAMES = ['persistentvolumeclaims', 'requests.storage'];
/** `gold.storageclass.storage.k8s.io/requests.storage` */
const CLASS_SUFFIX = '.storageclass.storage.k8s.io/';
const NANOS_PER_UNIT = 1_000_000_000n;

/** Whole bytes: quota's own amounts of storage may not be finer. */
const roundedUp = ({ nanos, format }: Quantity): Quantity => ({
  nanos: ((nanos + NANOS_PER_UNIT - 1n) / NANOS_PER_UNIT) * NANOS_PER_UNIT,
  format,
});

/** What was asked for, or what an expansion that did not end well has taken, if that is more (KEP-1790). */
function storageOf({ spec, status }: PersistentVolumeClaim): Quantity | undefined {
  const asked = spec?.resources?.requests?.storage;
  if (asked === undefined) return undefined;
  const requested = roundedUp(parseQuantity(asked));
  const allocated = status?.allocatedResources?.storage;
  if (allocated === undefined) return requested;
  const taken = roundedUp(parseQuantity(allocated));
  return compareQuantities(taken, requested) > 0 ? taken : requested;
}

function usage(claim: PersistentVolumeClaim): Amounts {
  const storageClass = storageClassOf(claim);
  const storage = storageOf(claim);
  const amounts: Amounts = { [COUNT]: ONE, persistentvolumeclaims: ONE };
  if (storage) amounts['requests.storage'] = storage;
  if (!storageClass) return amounts;
  amounts[`${storageClass}${CLASS_SUFFIX}persistentvolumeclaims`] = ONE;
  if (storage) amounts[`${storageClass}${CLASS_SUFFIX}requests.storage`] = storage;
  return amounts;
}

/** The classes that the claim asks for, has, or is on its way to. */
const attributesClasses = ({ spec, status }: PersistentVolumeClaim): string[] =>
  [
    ...new Set(
      [
        spec?.volumeAttributesClassName,
        status?.currentVolumeAttributesClassName,
        status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
      ].filter((name) => name !== undefined && name !== ''),
    ),
  ] as string[];

export const claimEvaluator: QuotaEvaluator<PersistentVolumeClaim> = {
  resource: 'persistentvolumeclaims',
  counts: (name) => name === COUNT || NAMES.includes(name) || NAMES.some((one) => name.endsWith(`${CLASS_SUFFIX}${one}`)),
  handles: ({ subresource }) => subresource === '' || subresource === 'status',
  usage,
  matchesScope: (scope, claim) => scope.scopeName === 'VolumeAttributesClass' && matchesNames(scope, attributesClasses(claim)),
};
