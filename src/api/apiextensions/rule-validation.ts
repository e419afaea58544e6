import { type FieldError, invalid, notSupported, required } from '../meta/field-error.ts';
import type { JSONSchemaProps, ValidationRule } from '../schema/generated/types.ts';
import { schemaAtPath } from './field-path.ts';
import { structuralFault } from './structural-fault.ts';

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const hasBreaks = (text: string) => /[\n\r]/.test(text);

/** The form of a schema's `x-kubernetes-validations`, without what it holds (KEP-2876). */
export const validateRules = (schema: JSONSchemaProps, path: string): FieldError[] =>
  (schema['x-kubernetes-validations'] ?? []).flatMap((rule, i) => validateRule(rule, schema, `${path}.x-kubernetes-validations[${i}]`));

function validateRule(rule: ValidationRule, schema: JSONSchemaProps, path: string): FieldError[] {
  const { messageExpression = '', reason, fieldPath = '' } = rule;
  const errors: FieldError[] = [...validateTexts(rule, path)];
  if (messageExpression && !messageExpression.trim()) {
    errors.push(required(`${path}.messageExpression`, 'messageExpression must be non-empty if specified'));
  }
  if (reason !== undefined && !REASONS.includes(reason)) errors.push(notSupported(`${path}.reason`, reason, REASONS));
  if (fieldPath && !fieldPath.trim()) errors.push(invalid(`${path}.fieldPath`, fieldPath, 'must be non-empty if specified'));
  if (hasBreaks(fieldPath)) errors.push(invalid(`${path}.fieldPath`, fieldPath, 'must not contain line breaks'));
  if (fieldPath && structuralFault(schema) === undefined && !schemaAtPath(fieldPath, schema).schema)
    errors.push(invalid(`${path}.fieldPath`, fieldPath, 'must be a valid path'));
  return errors;
}

function validateTexts({ rule = '', message = '' }: ValidationRule, path: string): FieldError[] {
  if (!rule.trim()) return [required(`${path}.rule`, 'rule is not specified')];
  if (message && !message.trim()) return [invalid(`${path}.message`, message, 'must be non-empty if specified')];
  if (hasBreaks(message.trim())) return [invalid(`${path}.message`, message, 'must not contain line breaks')];
  if (hasBreaks(rule.trim()) && !message.trim())
    return [required(`${path}.message`, 'message must be specified if rule contains line breaks')];
  return [];
}
