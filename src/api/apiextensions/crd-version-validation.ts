import { compileSchema, toStructural } from '../crd-schema/index.ts';
import { duplicate, type FieldError, forbidden, invalid, pointedAt, required } from '../meta/field-error.ts';
import { utf8Bytes } from '../meta/validation.ts';
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
  JSONSchemaProps,
} from '../schema/generated/types.ts';
import type { VersionFields } from './crd-common-fields.ts';
import { validateDefaults } from './default-validation.ts';
import { schemaAtPath } from './field-path.ts';
import { validateCompiledRules } from './rule-compilation.ts';
import { validateOpenApiSchema } from './schema-validation.ts';
import { structuralFault } from './structural-fault.ts';
import { validateStructural } from './structural-validation.ts';

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const MAX_SELECTABLE_FIELDS = 8;
const SELECTABLE_TYPES = ['string', 'boolean', 'integer'];

/** One of `spec.versions`, with what is its own. */
export const validateVersion = (version: CustomResourceDefinitionVersion, path: string, hasStatus: boolean): FieldError[] => [
  ...deprecationFindings(version, `${path}.deprecationWarning`),
  ...validateFields(version, path, {
    schema: 'schema',
    hasStatus,
    schemaless: 'may only be set when `version.schema.openAPIV3Schema` is not included',
  }),
];

/** What all versions have in common. */
export const validateCommon = (fields: VersionFields, path: string, hasStatus: boolean): FieldError[] =>
  validateFields(fields, path, { schema: 'validation', hasStatus, schemaless: 'may only be set when validations.schema is included' });

interface Wording {
  /** What the schema is called. */
  readonly schema: string;
  readonly hasStatus: boolean;
  /** Why there are no selectable fields without a schema. */
  readonly schemaless: string;
}

function validateFields(fields: VersionFields, path: string, { schema: name, hasStatus, schemaless }: Wording): FieldError[] {
  const { subresources, additionalPrinterColumns = [], selectableFields = [] } = fields;
  const schema = fields.schema?.openAPIV3Schema;
  const at = `${path}.selectableFields`;
  return [
    ...(schema ? validateSchema(schema, `${path}.${name}`, hasStatus) : []),
    ...validateSubresources(subresources, `${path}.subresources`),
    ...additionalPrinterColumns.flatMap((column, i) => validateColumn(column, `${path}.additionalPrinterColumns[${i}]`)),
    ...(selectableFields.length > 0 && !schema ? [invalid(at, '', schemaless)] : validateSelectableFields(fields, at)),
  ];
}

function deprecationFindings(
  { deprecated = false, deprecationWarning: text }: CustomResourceDefinitionVersion,
  path: string,
): FieldError[] {
  if (text === undefined) return [];
  const faults = deprecated ? textFaults(text) : ['can only be set for deprecated versions'];
  return faults.map((fault) => invalid(path, pointedAt(text), fault));
}

function textFaults(text: string): string[] {
  const unprintable = [...text].findIndex((char) => char !== ' ' && /[\p{C}\p{Z}]/u.test(char));
  return [
    ...(utf8Bytes(text) > 256 ? ['must be <= 256 characters long'] : []),
    ...(text === '' ? ['must not be an empty string'] : []),
    ...(unprintable >= 0 ? [`must only contain printable UTF-8 characters; non-printable character found at index ${unprintable}`] : []),
  ];
}

/** What a schema may say at its root when its status is validated apart. */
const AT_ROOT = [
  ...['description', 'type', 'format', 'title', 'maximum', 'exclusiveMaximum', 'minimum', 'exclusiveMinimum', 'maxLength', 'minLength'],
  ...['pattern', 'maxItems', 'minItems', 'uniqueItems', 'multipleOf', 'required', 'items', 'properties', 'externalDocs', 'example'],
  ...['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-validations'],
];
const AT_ROOT_TEXT = `[${AT_ROOT.map((name) => goName(name)).join(' ')}]`;

function goName(name: string): string {
  const words = name.replace(/^x-kubernetes-/, 'x-').split('-');
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

function validateSchema(schema: JSONSchemaProps, parent: string, hasStatus: boolean): FieldError[] {
  const path = `${parent}.openAPIV3Schema`;
  const errors: FieldError[] = [];
  if (hasStatus) errors.push(...validateRootOfStatus(schema, path));
  if (schema.nullable) errors.push(forbidden(`${path}.nullable`, 'nullable cannot be true at the root'));
  const fault = structuralFault(schema);
  const structureErrors = fault === undefined ? structureFindings(schema, path) : [];
  const schemaErrors = validateOpenApiSchema(schema, path);
  errors.push(...structureErrors, ...schemaErrors);
  if (fault !== undefined) return errors.length > 0 ? errors : [invalid(path, '', fault)];
  if (structureErrors.length === 0) errors.push(...validateCompiledRules(schema, path, schemaErrors));
  return errors.length > 0 ? errors : buildFindings(schema, parent);
}

function structureFindings(schema: JSONSchemaProps, path: string): FieldError[] {
  const errors = validateStructural(schema, path);
  return errors.length > 0 ? errors : validateDefaults(toStructural(schema), path);
}

/** A schema that nothing is wrong with compiles. */
function buildFindings(schema: JSONSchemaProps, path: string): FieldError[] {
  try {
    compileSchema(schema);
    return [];
  } catch (error) {
    return [invalid(path, '', `error building validator: ${error instanceof Error ? error.message : String(error)}`)];
  }
}

function validateRootOfStatus(schema: JSONSchemaProps, path: string): FieldError[] {
  if (schema.type !== undefined && schema.type !== 'object') {
    const detail = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
    return [invalid(`${path}.type`, schema.type, detail)];
  }
  const other = Object.keys(schema).find((name) => !AT_ROOT.includes(name));
  if (other === undefined) return [];
  const detail = `only ${AT_ROOT_TEXT} fields are allowed at the root of the schema if the status subresource is enabled`;
  return [invalid(path, schema, detail)];
}

function simplePathFindings(text: string, path: string): FieldError[] {
  return text.startsWith('.') ? [] : [invalid(path, text, 'must be a simple json path starting with .')];
}

function validateSubresources(subresources: CustomResourceSubresources | undefined, path: string): FieldError[] {
  const scale = subresources?.scale;
  if (!scale) return [];
  const checked = (field: string, value: string | undefined, prefixes: readonly string[], place: string): FieldError[] => {
    const at = `${path}.scale.${field}`;
    if (!value) return [required(at)];
    const faults = simplePathFindings(value, at);
    if (faults.length > 0 || prefixes.some((prefix) => value.startsWith(prefix))) return faults;
    return [invalid(at, value, `should be a json path under ${place}`)];
  };
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale;
  return [
    ...checked('specReplicasPath', specReplicasPath, ['.spec.'], '.spec'),
    ...checked('statusReplicasPath', statusReplicasPath, ['.status.'], '.status'),
    ...(labelSelectorPath ? checked('labelSelectorPath', labelSelectorPath, ['.spec.', '.status.'], 'either .spec or .status') : []),
  ];
}

function validateColumn({ name, type, format, jsonPath }: Partial<CustomResourceColumnDefinition>, path: string): FieldError[] {
  const types = `must be one of ${COLUMN_TYPES.join(',')}`;
  return [
    ...(name ? [] : [required(`${path}.name`)]),
    ...(type ? (COLUMN_TYPES.includes(type) ? [] : [invalid(`${path}.type`, type, types)]) : [required(`${path}.type`, types)]),
    ...(format && !COLUMN_FORMATS.includes(format)
      ? [invalid(`${path}.format`, format, `must be one of ${COLUMN_FORMATS.join(',')}`)]
      : []),
    ...(jsonPath ? simplePathFindings(jsonPath, `${path}.JSONPath`) : [required(`${path}.JSONPath`)]),
  ];
}

function validateSelectableFields({ selectableFields = [], schema }: VersionFields, path: string): FieldError[] {
  const root = schema?.openAPIV3Schema;
  if (selectableFields.length === 0 || !root) return [];
  const seen = new Set<string>();
  const errors = selectableFields.flatMap(({ jsonPath }, i): FieldError[] => {
    const at = `${path}[${i}].jsonPath`;
    if (!jsonPath) return [required(at)];
    const found = schemaAtPath(jsonPath, root, { indexes: false });
    if (!found.schema) return [invalid(at, jsonPath, `is an invalid path: ${found.error}`)];
    const again = seen.has(found.path);
    seen.add(found.path);
    return [
      ...(/^\.metadata(?![^.[])/.test(found.path) ? [invalid(at, jsonPath, 'must not point to fields in metadata')] : []),
      ...(SELECTABLE_TYPES.includes(found.schema.type ?? '')
        ? []
        : [
            invalid(
              at,
              jsonPath,
              'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
            ),
          ]),
      ...(again ? [duplicate(at, jsonPath)] : []),
    ];
  });
  if (seen.size <= MAX_SELECTABLE_FIELDS) return errors;
  return [
    ...errors,
    { reason: 'FieldValueTooMany', path, message: `Too many: ${seen.size}: must have at most ${MAX_SELECTABLE_FIELDS} items` },
  ];
}
