import { expect, it } from 'vitest';
import type { RuntimeClass } from '../schema/generated/types.ts';
import { checkRuntimeClass } from './runtime-class-validation.ts';

const findings = (runtimeClass: object) =>
  checkRuntimeClass(runtimeClass as RuntimeClass).map(({ path, message }) => `${path}: ${message}`);
const toleration = (seconds: number, key = 'a') => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds });

it.each([
  [{ handler: 'runc', scheduling: { tolerations: [toleration(1), toleration(1, 'b')] } }, []],
  [{ handler: '' }, ['handler: Required value']],
  [
    { handler: 'h', overhead: { podFixed: { cpu: '-1' } } },
    ['overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
  ],
  [
    { handler: 'h', scheduling: { tolerations: [toleration(1), toleration(2)] } },
    ['scheduling.tolerations[1]: Duplicate value: {"Key":"a","Operator":"Exists","Value":"","Effect":"NoExecute","TolerationSeconds":2}'],
  ],
])('a RuntimeClass %j: %j', (runtimeClass, expected) => {
  expect(findings(runtimeClass)).toEqual(expected);
});
