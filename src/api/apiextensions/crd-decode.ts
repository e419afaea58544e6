import { asSchema, entriesOf } from '../crd-schema/index.ts';
import { ApiError } from '../meta/status.ts';
import type { CustomResourceDefinition, CustomResourceSubresources, JSONSchemaProps } from '../schema/generated/types.ts';
import { cannotBeHandled, DecodeError, goValue, prune } from '../schema/index.ts';

/**
 * Brings a definition into its stored form. Schemas that stand where OpenAPI says no more than `any` (items, additionalProperties …) are held to the same form as the others, but what is
 * unknown in them goes without a word: upstream's types for them decode themselves. Answers with `unknown field "spec.versions[0]…"`. Throws ApiError BadRequest.
 */
export function decodeCrd(crd: CustomResourceDefinition): string[] {
  const unknown = prune(crd, 'CustomResourceDefinition');
  const { webhook } = crd.spec?.conversion ?? {};
  if (webhook && !webhook.clientConfig && !webhook.conversionReviewVersions?.length) delete crd.spec.conversion?.webhook;
  for (const [i, version] of (crd.spec?.versions ?? []).entries()) {
    const { schema, subresources } = version;
    if (schema?.openAPIV3Schema) decodeInner(schema.openAPIV3Schema, { crd, path: 'spec.versions.schema.openAPIV3Schema' });
    if (subresources?.status !== undefined && !asSchema(subresources.status)) throw misfit(crd, subresources.status);
    unknown.push(...emptyStatus(subresources).map((name) => `unknown field "spec.versions[${i}].subresources.status.${name}"`));
  }
  return unknown;
}

function misfit(crd: CustomResourceDefinition, status: unknown): Error {
  const field = 'CustomResourceSubresources.spec.versions.subresources.status of type v1.CustomResourceSubresourceStatus';
  const why = `json: cannot unmarshal ${goValue(status)} into Go struct field ${field}`;
  return cannotBeHandled(crd, 'CustomResourceDefinition', new DecodeError(why));
}

/** The status subresource has no settings; answers with what was in it. */
function emptyStatus(subresources: CustomResourceSubresources | undefined): string[] {
  const { status } = subresources ?? {};
  if (!subresources || typeof status !== 'object' || status === null) return [];
  subresources.status = {};
  return Object.keys(status);
}

/** Where a schema stands, in Go's names. */
interface Place {
  readonly crd: CustomResourceDefinition;
  readonly path: string;
}

function decodeInner(schema: JSONSchemaProps, { crd, path }: Place): void {
  const below = (field: string): Place => ({ crd, path: `${path}.${field}` });
  const { items } = schema;
  if (items !== undefined && !asSchema(items) && !(Array.isArray(items) && items.length > 0)) delete schema.items;
  for (const field of ['items', 'additionalProperties', 'additionalItems'] as const) {
    for (const each of [schema[field]].flat()) decodeAny(each, below(field));
  }
  for (const [, each] of entriesOf(schema.dependencies)) decodeAny(each, below('dependencies'));
  for (const field of ['allOf', 'anyOf', 'oneOf'] as const) for (const each of schema[field] ?? []) decodeInner(each, below(field));
  for (const field of ['properties', 'patternProperties', 'definitions'] as const) {
    for (const [, each] of entriesOf(schema[field])) decodeInner(each, below(field));
  }
  if (schema.not) decodeInner(schema.not, below('not'));
}

function decodeAny(value: unknown, place: Place): void {
  const schema = asSchema(value);
  if (!schema) return;
  try {
    prune(schema, 'JSONSchemaProps');
  } catch (error) {
    if (!(error instanceof ApiError && error.cause instanceof DecodeError)) throw error;
    const why = error.cause.message.replace(/(Go struct field \w+\.)/, `$1${place.path}.`);
    throw cannotBeHandled(place.crd, 'CustomResourceDefinition', new DecodeError(why));
  }
  decodeInner(schema, place);
}
