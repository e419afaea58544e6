import { checkContainerResourceName, checkResources } from '../core/validation-resources.ts';
import { checkTolerations } from '../core/validation-scheduling.ts';
import { duplicate, type FieldError } from '../meta/field-error.ts';
import { checkImmutable, checkLabel, checkLabels } from '../meta/validation.ts';
import type { RuntimeClass, Toleration } from '../schema/generated/types.ts';

const id = ({ key = '', operator = '', value = '', effect = '', tolerationSeconds }: Toleration): string =>
  JSON.stringify([key, operator, value, effect, tolerationSeconds]);

function checkOnce(path: string, tolerations: readonly Toleration[]): FieldError[] {
  const ids = tolerations.map(id);
  return tolerations.flatMap((toleration, i) => (ids.indexOf(id(toleration)) < i ? [duplicate(`${path}[${i}]`, toleration)] : []));
}

export function checkRuntimeClass({ handler = '', overhead, scheduling }: RuntimeClass): FieldError[] {
  const { nodeSelector, tolerations = [] } = scheduling ?? {};
  return [
    ...checkLabel('handler', handler),
    ...(overhead?.podFixed
      ? checkResources('overhead.podFixed', { limits: overhead.podFixed }, checkContainerResourceName, new Set())
      : []),
    ...checkLabels('scheduling.nodeSelector', nodeSelector),
    ...checkTolerations('scheduling.tolerations', tolerations),
    ...checkOnce('scheduling.tolerations', tolerations),
  ];
}

export const checkRuntimeClassUpdate = (value: RuntimeClass, old: RuntimeClass): FieldError[] =>
  checkImmutable('handler', value.handler, old.handler);
