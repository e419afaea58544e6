import { asSchema, entriesOf } from '../crd-schema/index.ts';
import { type FieldError, invalid, notSupported, required } from '../meta/field-error.ts';
import type { JSONSchemaProps, ValidationRule } from '../schema/generated/types.ts';
import { schemaAtPath } from './field-path.ts';

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const hasBreaks = (text: string) => /[\n\r]/.test(text);

/** `x-kubernetes-validations` of a schema and of what it holds (KEP-2876). Rules stand in the structure alone. */
export function validateRules(schema: JSONSchemaProps, path: string): FieldError[] {
  const items = asSchema(schema.items);
  const additional = asSchema(schema.additionalProperties);
  return [
    ...(additional ? validateRules(additional, `${path}.additionalProperties`) : []),
    ...entriesOf(schema.properties).flatMap(([name, property]) => validateRules(property, `${path}.properties[${name}]`)),
    ...(items ? validateRules(items, `${path}.items`) : []),
    ...(schema['x-kubernetes-validations'] ?? []).flatMap((rule, i) =>
      validateRule(rule, schema, `${path}.x-kubernetes-validations[${i}]`),
    ),
  ];
}

function validateRule(rule: ValidationRule, schema: JSONSchemaProps, path: string): FieldError[] {
  const { messageExpression = '', reason, fieldPath = '' } = rule;
  const errors: FieldError[] = [...validateTexts(rule, path)];
  if (messageExpression && !messageExpression.trim()) {
    errors.push(required(`${path}.messageExpression`, 'messageExpression must be non-empty if specified'));
  }
  if (reason !== undefined && !REASONS.includes(reason)) errors.push(notSupported(`${path}.reason`, reason, REASONS));
  if (fieldPath && !fieldPath.trim()) errors.push(invalid(`${path}.fieldPath`, fieldPath, 'must be non-empty if specified'));
  if (hasBreaks(fieldPath)) errors.push(invalid(`${path}.fieldPath`, fieldPath, 'must not contain line breaks'));
  if (fieldPath && !schemaAtPath(fieldPath, schema).schema) errors.push(invalid(`${path}.fieldPath`, fieldPath, 'must be a valid path'));
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
