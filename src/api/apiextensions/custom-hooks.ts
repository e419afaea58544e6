import { compileRules, hasRules, type RuleNode, runRules } from '../crd-rules/index.ts';
import {
  compileSchema,
  dropNulls,
  forEmbedded,
  hasEmbedded,
  hasListTypes,
  listFindings,
  pruneFields,
  type SchemaValidator,
  type StructuralSchema,
  setDefaults,
} from '../crd-schema/index.ts';
import type { HookContext, Hooks } from '../define.ts';
import { type FieldError, invalid } from '../meta/field-error.ts';
import type { KubeObject } from '../meta/object.ts';
import { ApiError } from '../meta/status.ts';
import type { CustomResourceSubresourceScale } from '../schema/generated/types.ts';
import { cannotBeHandled, DecodeError, pruneMetadata } from '../schema/index.ts';
import { embeddedFindings } from './embedded-validation.ts';
import { scaleFindings, statusScaleFindings } from './scale-validation.ts';

/** What custom resources of one version do: all that their schema says. The schema is compiled on first use. */
export function customHooks(structural: StructuralSchema, scale: CustomResourceSubresourceScale | undefined): Hooks<KubeObject> {
  const embeds = hasEmbedded(structural);
  const hasTypedLists = hasListTypes(structural);
  let validator: SchemaValidator | undefined;
  const schemaFindings = (object: KubeObject, old?: KubeObject): FieldError[] => {
    validator ??= compileSchema(structural.props);
    return validator.validate(object, { old });
  };
  const statusSchema = structural.properties.get('status');
  let statusValidator: SchemaValidator | undefined;
  /** A status that is written alone is held against its own part of the schema, and findings name their values from there. */
  const statusFindings = ({ status }: WithStatus, old: WithStatus): FieldError[] => {
    if (status === undefined || !statusSchema) return [];
    statusValidator ??= compileSchema(statusSchema.props, { isPart: true });
    return statusValidator.validate(status, { old: old.status }).map((finding) => ({ ...finding, path: insideStatus(finding.path) }));
  };
  let rules: RuleNode | undefined;
  const ruled = hasRules(structural);
  /** Rules look at objects that fit the schema: they need not guard against others. */
  const withRules = (errors: FieldError[], object: KubeObject, old?: KubeObject, warn?: HookContext['warn']): FieldError[] => {
    if (!ruled) return errors;
    if (errors.some(({ reason }) => BLOCKING.has(reason))) return [...errors, invalid(NO_PATH, null, UNCHECKED)];
    rules ??= compileRules(structural);
    return rules ? [...errors, ...runRules(rules, object, old, warn)] : errors;
  };
  const otherFindings = (object: KubeObject): FieldError[] => [
    ...(scale ? scaleFindings(object, scale) : []),
    ...(embeds ? embeddedFindings(object, structural) : []),
  ];
  // Lists that were not unique before are tolerated, whatever becomes of them.
  const newListFindings = (object: KubeObject, old: KubeObject): FieldError[] =>
    hasTypedLists && listFindings(old, structural).length === 0 ? listFindings(object, structural) : [];
  return {
    decode(draft, { isApplied = false } = {}) {
      const findings = decode(draft, structural, embeds);
      // Who applies null means it.
      if (!isApplied) dropNulls(draft, structural);
      return findings;
    },
    defaults: (draft) => setDefaults(draft, structural),
    validateCreate: (object) =>
      withRules([...schemaFindings(object), ...otherFindings(object), ...(hasTypedLists ? listFindings(object, structural) : [])], object),
    validateUpdate: (object, old, { warn }) =>
      withRules([...schemaFindings(object, old), ...otherFindings(object), ...newListFindings(object, old)], object, old, warn),
    validateStatus: (object, old, context) =>
      withRules(
        [...statusFindings(object, old), ...(scale ? statusScaleFindings(object, scale) : []), ...newListFindings(object, old)],
        object,
        old,
        context?.warn,
      ),
  };
}

interface WithStatus extends KubeObject {
  readonly status?: unknown;
}

const insideStatus = (path: string): string => (path === NO_PATH ? 'status' : `status.${path}`);

const NO_PATH = '<nil>';
const BLOCKING: ReadonlySet<string> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);
const UNCHECKED =
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';

const unknownField = (path: string) => `unknown field ${JSON.stringify(path)}`;

/** An object within the object says what it is in text. Throws ApiError BadRequest. */
function requireText(draft: KubeObject, object: Readonly<Record<string, unknown>>, path: string): void {
  for (const field of ['apiVersion', 'kind']) {
    const value = object[field];
    if (value === undefined || typeof value === 'string') continue;
    const { message } = invalid(path, value, 'must be a string');
    throw cannotBeHandled(draft, draft.kind ?? '', new DecodeError(`${path}.${field}: ${message}`));
  }
}

/** Unknown fields as upstream comes upon them: of the metadata, of the object, of the metadata of objects inside. */
function decode(draft: KubeObject, structural: StructuralSchema, embeds: boolean): string[] {
  const findings = pruneMetadata(draft, 'metadata');
  const inside: string[] = [];
  if (embeds) {
    forEmbedded(draft, structural, '', (object, path) => {
      requireText(draft, object, path);
      if (object.metadata === null) object.metadata = {};
      inside.push(...pruneMetadata(object as KubeObject, `${path}.metadata`, draft));
    });
  }
  try {
    findings.push(...pruneFields(draft, structural).map(unknownField));
  } catch (error) {
    if (error instanceof RangeError) throw new ApiError('BadRequest', `the object is nested too deeply: ${error.message}`);
    throw error;
  }
  return [...findings, ...inside];
}
