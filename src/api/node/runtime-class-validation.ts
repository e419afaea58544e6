import { checkContainerResourceName, checkResources } from '../core/validation-resources.ts';
import { checkTolerations } from '../core/validation-scheduling.ts';
import { duplicate, type FieldError, required } from '../meta/field-error.ts';
import { checkImmutable, checkLabel, checkLabels } from '../meta/validation.ts';
import type { RuntimeClass, Toleration } from '../schema/generated/types.ts';

const id = ({ key = '', operator = '', value = '', effect = '' }: Toleration): string => JSON.stringify([key, operator, value, effect]);

/** As upstream shows it, whose own type has no names for JSON. */
const shown = ({ key = '', operator = '', value = '', effect = '', tolerationSeconds }: Toleration) => ({
  Key: key,
  Operator: operator,
  Value: value,
  Effect: effect,
  TolerationSeconds: tolerationSeconds ?? null,
});

function checkOnce(path: string, tolerations: readonly Toleration[]): FieldError[] {
  const ids = tolerations.map(id);
  return tolerations.flatMap((toleration, i) => (ids.indexOf(id(toleration)) < i ? [duplicate(`${path}[${i}]`, shown(toleration))] : []));
}

export function checkRuntimeClass({ handler = '', overhead, scheduling }: RuntimeClass): FieldError[] {
  const { nodeSelector, tolerations = [] } = scheduling ?? {};
  return [
    ...(handler ? checkLabel('handler', handler) : [required('handler')]),
    ...(overhead?.podFixed ? checkResources('overhead', { limits: overhead.podFixed }, checkContainerResourceName, new Set()) : []),
    ...checkLabels('scheduling.nodeSelector', nodeSelector),
    ...checkTolerations('scheduling.tolerations', tolerations),
    ...checkOnce('scheduling.tolerations', tolerations),
  ];
}

export const checkRuntimeClassUpdate = (value: RuntimeClass, old: RuntimeClass): FieldError[] =>
  checkImmutable('handler', value.handler ?? '', old.handler);
