import fc from 'fast-check';
import { type FieldType, type Scalar, schemaOf } from './schema.ts';

/** Deep enough for what a container holds inside a template. */
const MAX_DEPTH = 6;
const words = ['a', 'b', 'Always', 'RollingUpdate', 'NodePort', 'LoadBalancer', 'ClientIP', 'Container', 'User', 'Exempt', 'In', 'Exists'];

/** `complete`: all fields are there that OpenAPI marks as required, and none of them is empty. */
interface Options {
  readonly complete: boolean;
}

/** Any value of the type: whatever decoding and pruning lets through. */
function arbitrary(type: FieldType, depth: number, needed: boolean, options: Options): fc.Arbitrary<unknown> {
  const minLength = needed && options.complete ? 1 : 0;
  switch (type.is) {
    case 'schema':
      return fakeObject(type.name, options, depth + 1);
    case 'list': {
      const maxLength = depth > MAX_DEPTH ? minLength : 2;
      return fc.array(arbitrary(type.items, depth + 1, true, options), { minLength, maxLength });
    }
    case 'map':
      return fc.dictionary(fc.constantFrom('cpu', 'x'), arbitrary(type.values, depth + 1, true, options), { maxKeys: 2 });
    case 'scalar':
      return scalar(type.scalar, minLength > 0);
  }
}

function scalar(kind: Scalar, needed: boolean): fc.Arbitrary<unknown> {
  switch (kind) {
    case 'bool':
      return fc.boolean();
    case 'int32':
    case 'int64':
    case 'double':
      return fc.integer({ min: needed ? 1 : 0, max: 3 });
    case 'intOrString':
      return fc.constantFrom(80, '25%', ...(needed ? [] : [0]));
    case 'quantity':
      return fc.constantFrom('1', '500m', '1Gi');
    case 'any':
    case 'object':
      return fc.constant({});
    default:
      return fc.constantFrom(...words, ...(needed ? [] : ['']));
  }
}

/** Objects of a schema. Types that refer to themselves end at a depth, where only what is required is left. */
export function fakeObject(schema: string, options: Options, depth = 0): fc.Arbitrary<Record<string, unknown>> {
  const isNeeded = (field: { required: boolean }) => field.required && options.complete;
  const fields = [...schemaOf(schema).fields.values()]
    .filter((field) => field.name !== 'managedFields')
    .filter((field) => depth <= MAX_DEPTH || isNeeded(field));
  const values = Object.fromEntries(fields.map((field) => [field.name, arbitrary(field.type, depth, field.required, options)]));
  return fc.record(values, { requiredKeys: fields.filter(isNeeded).map((field) => field.name) });
}
