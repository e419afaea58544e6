import { checkEndless, mismatch } from '../apps/workload-validation.ts';
import { type FieldError, invalid, required } from '../meta/field-error.ts';
import { checkNonNegative } from '../meta/validation.ts';
import type { ReplicationController } from '../schema/generated/types.ts';
import { checkPodTemplate } from './validation-pod-spec.ts';

export function checkReplicationController({ spec = {} }: ReplicationController): FieldError[] {
  const { minReadySeconds, selector = {}, replicas, template } = spec;
  const labels = template?.metadata?.labels ?? {};
  const matches = Object.entries(selector).every(([key, value]) => labels[key] === value);
  return [
    ...checkNonNegative('spec.minReadySeconds', minReadySeconds),
    ...(Object.keys(selector).length > 0 ? [] : [required('spec.selector')]),
    ...checkNonNegative('spec.replicas', replicas),
    ...(template
      ? [
          ...(matches ? [] : [mismatch(template)]),
          ...checkPodTemplate('spec.template', template),
          ...checkEndless(template, 'ReplicationController'),
        ]
      : [required('spec.template')]),
  ];
}

const COUNTS = ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration'] as const;

export function checkReplicationControllerStatus({ status }: ReplicationController): FieldError[] {
  const { replicas = 0, readyReplicas = 0, availableReplicas = 0 } = status ?? {};
  const parts = (['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'] as const).filter(
    (part) => (status?.[part] ?? 0) > replicas,
  );
  return [
    ...COUNTS.flatMap((count) => checkNonNegative(`status.${count}`, status?.[count])),
    ...parts.map((part) => invalid(`status.${part}`, status?.[part], 'cannot be greater than status.replicas')),
    ...(availableReplicas > readyReplicas
      ? [invalid('status.availableReplicas', availableReplicas, 'cannot be greater than readyReplicas')]
      : []),
  ];
}
