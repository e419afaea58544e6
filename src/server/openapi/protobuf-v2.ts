import type { JsonSchema } from './definitions.ts';
import type { BodyParameterV2, DocumentV2, OperationV2, ParameterV2, PathItemV2, ResponseV2, SimpleParameterV2 } from './v2.ts';

/**
 * The OpenAPI 2 document as gnostic's openapi.v2.Document (google/gnostic, OpenAPIv2.proto), which client-go asks for first. Numbers are that
 * file's field numbers.
 */
export function encodeDocumentV2(document: DocumentV2): Buffer {
  return message(
    text(1, document.swagger),
    nested(2, text(1, document.info.title), text(2, document.info.version)),
    nested(8, ...Object.entries(document.paths).map(([path, item]) => nested(2, text(1, path), nested(2, pathItem(item))))),
    nested(9, ...namedSchemas(document.definitions)),
    nested(10, ...Object.entries(document.parameters).map(([name, value]) => nested(1, text(1, name), nested(2, simpleParameter(value))))),
    ...document.security.map((schemes) => nested(12, ...Object.keys(schemes).map((name) => nested(1, text(1, name), nested(2))))),
    nested(
      13,
      ...Object.entries(document.securityDefinitions).map(([name, scheme]) => nested(1, text(1, name), nested(2, apiKey(scheme)))),
    ),
  );
}

/** A SecurityDefinitionsItem holding an ApiKeySecurity. */
const apiKey = (scheme: DocumentV2['securityDefinitions']['BearerToken']): Buffer =>
  nested(2, text(1, scheme.type), text(2, scheme.name), text(3, scheme.in), text(4, scheme.description));

type Part = Buffer | undefined | false;

const LENGTH_DELIMITED = 2;
const VARINT = 0;

const message = (...parts: Part[]): Buffer => Buffer.concat(parts.filter((part) => part !== undefined && part !== false));

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
  return Buffer.from([...bytes, value]);
}

const delimited = (field: number, bytes: Buffer): Buffer =>
  Buffer.concat([varint(field * 8 + LENGTH_DELIMITED), varint(bytes.length), bytes]);
const nested = (field: number, ...parts: Part[]): Buffer => delimited(field, message(...parts));
/** Empty and false are the defaults of proto3 and are left out. */
const text = (field: number, value: string | undefined): Part => (value ? delimited(field, Buffer.from(value)) : undefined);
const flag = (field: number, value: boolean | undefined): Part => (value ? message(varint(field * 8 + VARINT), varint(1)) : undefined);
const texts = (field: number, values: readonly string[] = []): Buffer => message(...values.map((value) => text(field, value)));

/** `x-…` keys, their values as YAML, of which JSON is a part. */
const extensions = (field: number, value: object): Buffer =>
  message(
    ...Object.entries(value)
      .filter(([key]) => key.startsWith('x-'))
      .map(([key, extension]) => nested(field, text(1, key), nested(2, text(2, `${JSON.stringify(extension)}\n`)))),
  );

const pathItem = (item: PathItemV2): Buffer =>
  message(
    ...METHODS.map(([method, field]) => item[method] && nested(field, operation(item[method]))),
    ...(item.parameters ?? []).map((parameter) => nested(9, parameterItem(parameter))),
  );
const METHODS = [
  ['get', 2],
  ['put', 3],
  ['post', 4],
  ['delete', 5],
  ['options', 6],
  ['head', 7],
  ['patch', 8],
] as const;

const operation = (value: OperationV2): Buffer =>
  message(
    texts(1, value.tags),
    text(3, value.description),
    text(5, value.operationId),
    texts(6, value.produces),
    texts(7, value.consumes),
    ...(value.parameters ?? []).map((parameter) => nested(8, parameterItem(parameter))),
    nested(
      9,
      ...Object.entries(value.responses ?? {}).map(([code, answer]) => nested(1, text(1, code), nested(2, nested(1, response(answer))))),
    ),
    texts(10, value.schemes),
    extensions(13, value),
  );

const response = ({ description, schema: body }: ResponseV2): Buffer =>
  message(text(1, description), body && nested(2, nested(1, schema(body))));

function parameterItem(parameter: ParameterV2): Buffer {
  if ('$ref' in parameter) return nested(2, text(1, parameter.$ref));
  return nested(1, parameter.in === 'body' ? nested(1, bodyParameter(parameter)) : simpleParameter(parameter));
}

const bodyParameter = (value: BodyParameterV2): Buffer =>
  message(text(2, value.name), text(3, value.in), flag(4, value.required), nested(5, schema(value.schema)));

/** A Parameter holding a NonBodyParameter: of the query (3) or the path (4), which number their fields differently. */
function simpleParameter(value: SimpleParameterV2): Buffer {
  const [variant, type, unique] = value.in === 'query' ? [3, 6, 20] : [4, 5, 19];
  const fields = [flag(1, value.required), text(2, value.in), text(3, value.description), text(4, value.name)];
  return nested(2, nested(variant, ...fields, text(type, value.type), flag(unique, value.uniqueItems)));
}

const namedSchemas = (schemas: Readonly<Record<string, JsonSchema>>): Buffer[] =>
  Object.entries(schemas).map(([name, value]) => nested(1, text(1, name), nested(2, schema(value))));

const additional = (value: JsonSchema | boolean): Part => (typeof value === 'boolean' ? flag(2, value) : nested(1, schema(value)));

const schema = (value: JsonSchema): Buffer =>
  message(
    text(1, value.$ref),
    text(2, value.format),
    text(4, value.description),
    texts(19, value.required),
    value.additionalProperties !== undefined && nested(21, additional(value.additionalProperties)),
    value.type ? nested(22, text(1, value.type)) : undefined,
    value.items && nested(23, nested(1, schema(value.items))),
    value.properties && nested(25, ...namedSchemas(value.properties)),
    extensions(31, value),
  );
