import { BOOL, BYTES, type CelType, DOUBLE, DYN, INT, listOf, mapOf, type ObjectField, STRING, TIMESTAMP } from '../cel/index.ts';
import { ruleType } from '../crd-rules/index.ts';
import type { ResourceDefinition } from '../define.ts';
import { type FieldType, findSchema, type Scalar } from '../schema/schema.ts';

/** The type of the objects of a kind. Of a custom one: what its structural schema says, and metadata as all kinds have it. */
export function typeOfKind({ kind, schema, structural }: ResourceDefinition): CelType {
  if (!structural) return typeOfSchema(schema);
  const type = ruleType(structural, true, kind)?.type;
  if (type?.is !== 'object') return DYN;
  const metadata: ObjectField = { type: typeOfSchema('ObjectMeta'), property: 'metadata' };
  return { ...type, fields: Object.assign(Object.create(null) as object, type.fields, { metadata }) };
}

const SCALARS: Readonly<Record<Scalar, CelType>> = {
  string: STRING,
  int32: INT,
  int64: INT,
  double: DOUBLE,
  bool: BOOL,
  byte: BYTES,
  time: TIMESTAMP,
  microTime: TIMESTAMP,
  // Text or numbers.
  quantity: DYN,
  intOrString: DYN,
  any: DYN,
  object: DYN,
};
const known = new Map<string, CelType>();

/** The type of the objects of a built-in schema; anything for a name that no schema has. Fields are read on use: types refer to each other. */
export function typeOfSchema(name: string): CelType {
  const found = known.get(name);
  if (found) return found;
  const schema = findSchema(name);
  if (!schema) return DYN;
  let fields: Record<string, ObjectField> | undefined;
  const type: CelType = {
    is: 'object',
    name,
    get fields() {
      fields ??= Object.assign(
        Object.create(null) as object,
        Object.fromEntries(
          [...schema.fields.values()].map((field) => [escaped(field.name), { type: typeOfField(field.type), property: field.name }]),
        ),
      );
      return fields as Record<string, ObjectField>;
    },
  };
  known.set(name, type);
  return type;
}

function typeOfField(type: FieldType): CelType {
  switch (type.is) {
    case 'scalar':
      return SCALARS[type.scalar];
    case 'schema':
      return typeOfSchema(type.name);
    case 'list':
      return listOf(typeOfField(type.items));
    case 'map':
      return mapOf(STRING, typeOfField(type.values));
  }
}

const KEYWORDS = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);

/** How expressions write a property that is no identifier or a keyword (Kubernetes: CEL in Kubernetes, "Escaping"). */
const escaped = (name: string): string =>
  KEYWORDS.has(name)
    ? `__${name}__`
    : name.replaceAll('__', '__underscores__').replaceAll('.', '__dot__').replaceAll('-', '__dash__').replaceAll('/', '__slash__');
