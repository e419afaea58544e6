import {
  compileSchema,
  forEmbedded,
  hasEmbedded,
  hasListTypes,
  listFindings,
  pruneFields,
  type SchemaValidator,
  type StructuralSchema,
  setDefaults,
} from '../crd-schema/index.ts';
import type { Hooks } from '../define.ts';
import type { FieldError } from '../meta/field-error.ts';
import type { KubeObject } from '../meta/object.ts';
import { ApiError } from '../meta/status.ts';
import type { CustomResourceSubresourceScale } from '../schema/generated/types.ts';
import { pruneMetadata } from '../schema/index.ts';
import { embeddedFindings } from './embedded-validation.ts';
import { scaleFindings } from './scale-validation.ts';

/** What custom resources of one version do: all that their schema says. The schema is compiled on first use. */
export function customHooks(structural: StructuralSchema, scale: CustomResourceSubresourceScale | undefined): Hooks<KubeObject> {
  const embeds = hasEmbedded(structural);
  const hasTypedLists = hasListTypes(structural);
  let validator: SchemaValidator | undefined;
  const schemaFindings = (object: KubeObject, old?: KubeObject): FieldError[] => {
    validator ??= compileSchema(structural.props);
    return validator.validate(object, { old });
  };
  const otherFindings = (object: KubeObject): FieldError[] => [
    ...(scale ? scaleFindings(object, scale) : []),
    ...(embeds ? embeddedFindings(object, structural) : []),
  ];
  return {
    decode: (draft) => decode(draft, structural, embeds),
    defaults: (draft) => setDefaults(draft, structural),
    validateCreate: (object) => [
      ...schemaFindings(object),
      ...otherFindings(object),
      ...(hasTypedLists ? listFindings(object, structural) : []),
    ],
    validateUpdate: (object, old) => [
      ...schemaFindings(object, old),
      ...otherFindings(object),
      // Lists that were not unique before are tolerated, whatever becomes of them.
      ...(hasTypedLists && listFindings(old, structural).length === 0 ? listFindings(object, structural) : []),
    ],
  };
}

const unknownField = (path: string) => `unknown field ${JSON.stringify(path)}`;

function decode(draft: KubeObject, structural: StructuralSchema, embeds: boolean): string[] {
  const findings = pruneMetadata(draft, 'metadata');
  if (embeds) {
    forEmbedded(draft, structural, [], (object, path) => {
      const at = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
      findings.push(...pruneMetadata(object as KubeObject, `${at.slice(1)}.metadata`));
    });
  }
  try {
    findings.push(...pruneFields(draft, structural).map(unknownField));
  } catch (error) {
    if (error instanceof RangeError) throw new ApiError('BadRequest', `the object is nested too deeply: ${error.message}`);
    throw error;
  }
  return findings;
}
