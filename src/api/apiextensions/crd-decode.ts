import { asSchema, entriesOf } from '../crd-schema/index.ts';
import type { CustomResourceDefinition, JSONSchemaProps } from '../schema/generated/types.ts';
import { prune } from '../schema/index.ts';

/**
 * Brings a definition into its stored form. Schemas that stand where OpenAPI says no more than `any` (items, additionalProperties …) are held to the same form as the others; answers with
 * `unknown field "spec.versions[0]…"`. Throws ApiError BadRequest.
 */
export function decodeCrd(crd: CustomResourceDefinition): string[] {
  const unknown = prune(crd, 'CustomResourceDefinition');
  for (const [i, version] of (crd.spec?.versions ?? []).entries()) {
    const schema = version.schema?.openAPIV3Schema;
    if (schema) decodeInner(schema, `spec.versions[${i}].schema.openAPIV3Schema`, unknown);
  }
  return unknown;
}

function decodeInner(schema: JSONSchemaProps, path: string, unknown: string[]): void {
  for (const field of ['items', 'additionalProperties', 'additionalItems'] as const) {
    const listed = schema[field];
    if (Array.isArray(listed)) for (const [i, each] of listed.entries()) decodeAny(each, `${path}.${field}[${i}]`, unknown);
    else decodeAny(listed, `${path}.${field}`, unknown);
  }
  for (const [name, each] of entriesOf(schema.dependencies)) decodeAny(each, `${path}.dependencies.${name}`, unknown);
  for (const field of ['allOf', 'anyOf', 'oneOf'] as const) {
    for (const [i, each] of (schema[field] ?? []).entries()) decodeInner(each, `${path}.${field}[${i}]`, unknown);
  }
  for (const field of ['properties', 'patternProperties', 'definitions'] as const) {
    for (const [name, each] of entriesOf(schema[field])) decodeInner(each, `${path}.${field}.${name}`, unknown);
  }
  if (schema.not) decodeInner(schema.not, `${path}.not`, unknown);
}

function decodeAny(value: unknown, path: string, unknown: string[]): void {
  const schema = asSchema(value);
  if (!schema) return;
  unknown.push(...prune(schema, 'JSONSchemaProps').map((finding) => finding.replace(/^unknown field "/, `unknown field "${path}.`)));
  decodeInner(schema, path, unknown);
}
