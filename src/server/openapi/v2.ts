import type { Registry } from '../../api/registry.ts';
import { BUILT_IN } from './definition-names.ts';
import { DefinitionWriter, type Documentation, type JsonSchema } from './definitions.ts';
import type { Operation, PathOperations } from './operation.ts';
import { pathsOf } from './operations.ts';
import { type Parameter, QUERY_PARAMETERS } from './parameters.ts';
import { SECURITY_SCHEMES } from './security.ts';
import { serverPaths } from './server-paths.ts';

/** The parts of OpenAPI 2 that the API uses (openapi.org, specification 2.0). */
export interface DocumentV2 {
  readonly swagger: '2.0';
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, PathItemV2>>;
  readonly definitions: Readonly<Record<string, JsonSchema>>;
  readonly parameters: Readonly<Record<string, SimpleParameterV2>>;
  readonly securityDefinitions: typeof SECURITY_SCHEMES;
  /** Each is enough; a scheme without scopes has an empty list. */
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
}

export interface SimpleParameterV2 extends Parameter {
  readonly required?: true;
  readonly uniqueItems: true;
}
export interface BodyParameterV2 {
  readonly name: 'body';
  readonly in: 'body';
  readonly required?: true;
  readonly schema: JsonSchema;
}
export type ParameterV2 = SimpleParameterV2 | BodyParameterV2 | { readonly $ref: string };

export interface ResponseV2 {
  readonly description: string;
  readonly schema?: JsonSchema;
}
export interface OperationV2 {
  readonly description: string;
  readonly consumes?: readonly string[];
  readonly produces: readonly string[];
  readonly schemes: readonly string[];
  readonly tags: readonly string[];
  readonly operationId: string;
  readonly parameters?: readonly ParameterV2[];
  readonly responses: Readonly<Record<string, ResponseV2>>;
  readonly 'x-kubernetes-action'?: string;
  readonly 'x-kubernetes-group-version-kind'?: Operation['kind'];
}
export type PathItemV2 = { readonly [method in Operation['method']]?: OperationV2 } & { readonly parameters?: readonly ParameterV2[] };

/** /openapi/v2: every kind of every group in one document. */
export function documentV2(registry: Registry, documentation: Documentation, version: string): DocumentV2 {
  const served = registry.groups.flatMap(({ name, versions }) => versions.map((v) => ({ group: name, version: v })));
  const writer = new DefinitionWriter(registry, 'v2', documentation, served);
  const definitions = [...writer.names].map(([schema, name]): [string, JsonSchema] => [name, writer.definition(schema)]);
  const paths = [...serverPaths(registry), ...served.flatMap((gv) => pathsOf(registry, gv.group, gv.version))];
  const items = paths.map((entry) => [entry.path, pathItem(entry, writer)]);
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version },
    paths: Object.fromEntries(items),
    definitions: Object.fromEntries([...definitions, ...Object.entries(writer.builtIns())].sort(([a], [b]) => (a < b ? -1 : 1))),
    parameters: Object.fromEntries(QUERY_PARAMETERS.map((parameter) => [parameter.name, simpleParameter(parameter)])),
    securityDefinitions: SECURITY_SCHEMES,
    security: Object.keys(SECURITY_SCHEMES).map((scheme) => ({ [scheme]: [] })),
  };
}

const simpleParameter = (parameter: Parameter): SimpleParameterV2 => ({
  ...parameter,
  ...(parameter.in === 'path' && { required: true }),
  uniqueItems: true,
});

/** Query parameters are the same everywhere and stand once, at the document's root. */
const parameterV2 = (parameter: Parameter): ParameterV2 =>
  parameter.in === 'query' ? { $ref: `#/parameters/${parameter.name}` } : simpleParameter(parameter);

function pathItem({ parameters, operations }: PathOperations, writer: DefinitionWriter): PathItemV2 {
  const methods = operations.map((operation) => [operation.method, operationV2(operation, writer)]);
  return { ...Object.fromEntries(methods), ...(parameters.length > 0 && { parameters: parameters.map(parameterV2) }) };
}

function operationV2(operation: Operation, writer: DefinitionWriter): OperationV2 {
  const parameters = [...bodyParameters(operation, writer), ...operation.parameters.map(parameterV2)];
  const schema = operation.answer === undefined ? { type: 'string' } : writer.reference(operation.answer);
  const responses = operation.codes.map((code): [string, ResponseV2] => [String(code), { description: STATUS_TEXTS[code] ?? '', schema }]);
  return {
    description: operation.description,
    ...(operation.consumes.length > 0 && { consumes: operation.consumes }),
    produces: operation.produces,
    schemes: ['https'],
    tags: [operation.tag],
    operationId: operation.id,
    ...(parameters.length > 0 && { parameters }),
    responses: Object.fromEntries([...responses, ['401', { description: 'Unauthorized' }]]),
    ...marksOf(operation),
  };
}

/** Extensions, which discovery has none of. */
export const marksOf = ({ action, kind }: Operation) => ({
  ...(action !== undefined && { 'x-kubernetes-action': action }),
  ...(kind && { 'x-kubernetes-group-version-kind': kind }),
});

export const STATUS_TEXTS: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };

function bodyParameters({ body, method }: Operation, writer: DefinitionWriter): BodyParameterV2[] {
  if (body.is === 'none') return [];
  const schema = body.is === 'patch' ? writer.pointer(BUILT_IN.patch) : writer.reference(body.schema);
  return [{ name: 'body', in: 'body', ...(method !== 'delete' && { required: true }), schema }];
}
