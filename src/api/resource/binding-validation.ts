import { duplicate, type FieldError, invalid } from '../meta/field-error.ts';
import { checkQualifiedName } from '../meta/validation.ts';
import { checkList } from './device-lists.ts';

const MOST_CONDITIONS = 4;

/** What must hold before a pod is bound that uses the device, and what must not: each needs the other (KEP-5007). */
export function checkBinding(
  path: string,
  {
    bindingConditions: wanted = [],
    bindingFailureConditions: failures = [],
  }: { readonly bindingConditions?: readonly string[]; readonly bindingFailureConditions?: readonly string[] },
): FieldError[] {
  const name = (condition: string, at: string) => checkQualifiedName(at, condition);
  const [wantedAt, failuresAt] = [`${path}.bindingConditions`, `${path}.bindingFailureConditions`];
  const again = (list: readonly string[], at: string) =>
    list.flatMap((condition, i) => (list.indexOf(condition) < i ? [duplicate(`${at}[${i}]`, condition)] : []));
  const both = failures.flatMap((condition, i) =>
    wanted.includes(condition)
      ? [invalid(`${failuresAt}[${i}]`, condition, 'bindingFailureConditions must not overlap with bindingConditions')]
      : [],
  );
  const alone: FieldError[] = [];
  if (wanted.length === 0 && failures.length > 0) {
    alone.push(invalid(wantedAt, null, 'bindingConditions are required to use bindingFailureConditions'));
  }
  if (failures.length === 0 && wanted.length > 0) {
    alone.push(invalid(failuresAt, null, 'bindingFailureConditions are required to use bindingConditions'));
  }
  return [
    ...checkList(wantedAt, wanted, MOST_CONDITIONS, name),
    ...checkList(failuresAt, failures, MOST_CONDITIONS, name),
    ...again(wanted, wantedAt),
    ...again(failures, failuresAt),
    ...both,
    ...alone,
  ];
}
