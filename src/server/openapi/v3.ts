import type { Registry } from '../../api/registry.ts';
import { BUILT_IN, type GroupVersion, listSchemaOf, reachable } from './definition-names.ts';
import { DefinitionWriter, type Documentation, type JsonSchema } from './definitions.ts';
import type { Operation, PathOperations } from './operation.ts';
import { pathsOf } from './operations.ts';
import type { Parameter } from './parameters.ts';
import { SECURITY_SCHEMES } from './security.ts';
import { marksOf, STATUS_TEXTS } from './v2.ts';

/** /openapi/v3/apis/GROUP/VERSION: one group and version, with everything that its kinds refer to (KEP-2896). */
export function documentV3(registry: Registry, gv: GroupVersion, documentation: Documentation, version: string) {
  const paths = pathsOf(registry, gv.group, gv.version);
  const operations = paths.flatMap((path) => path.operations);
  return written(paths, schemasOf(registry, gv, operations), new DefinitionWriter(registry, 'v3', documentation, [gv]), version);
}

/** /openapi/v3/version and the like. */
export function serverDocumentV3(registry: Registry, path: PathOperations, documentation: Documentation, version: string) {
  const answers = path.operations.flatMap(({ answer }) => answer ?? []);
  return written([path], [...reachable(answers)], new DefinitionWriter(registry, 'v3', documentation, []), version);
}

function written(paths: readonly PathOperations[], schemas: readonly string[], writer: DefinitionWriter, version: string) {
  const definitions = schemas.map((schema): [string, JsonSchema] => [writer.names.get(schema) ?? schema, writer.definition(schema)]);
  const items = paths.map(({ path, parameters, operations }) => [
    path,
    {
      ...Object.fromEntries(operations.map((operation) => [operation.method, operationV3(operation, writer)])),
      ...(parameters.length > 0 && { parameters: parameters.map(parameterV3) }),
    },
  ]);
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version },
    paths: Object.fromEntries(items),
    components: {
      schemas: Object.fromEntries([...definitions, ...Object.entries(writer.builtIns())].sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

function schemasOf(registry: Registry, { group, version }: { group: string; version: string }, operations: readonly Operation[]): string[] {
  const served = registry.inVersion(group, version);
  const bodies = operations.flatMap(({ body, answer }) => [body.is === 'schema' ? body.schema : undefined, answer]);
  const roots = [
    ...served.map((resource) => resource.schema),
    ...served.map(listSchemaOf),
    ...bodies,
    ...(served.some(({ structural }) => structural) ? ['ObjectMeta', 'ListMeta'] : []),
  ];
  const named = roots.filter((name) => name !== undefined);
  return [...new Set([...named, ...reachable(named)])];
}

const parameterV3 = ({ name, in: place, type, description }: Parameter) => ({
  name,
  in: place,
  description,
  ...(place === 'path' && { required: true }),
  schema: { type, uniqueItems: true },
});

function operationV3(operation: Operation, writer: DefinitionWriter) {
  const body = requestBody(operation, writer);
  const schema = operation.answer === undefined ? { type: 'string' } : writer.reference(operation.answer);
  const content = Object.fromEntries(operation.produces.map((type) => [type, { schema }]));
  const responses = operation.codes.map((code) => [String(code), { description: STATUS_TEXTS[code] ?? '', content }]);
  return {
    description: operation.description,
    tags: [operation.tag],
    operationId: operation.id,
    ...(operation.parameters.length > 0 && { parameters: operation.parameters.map(parameterV3) }),
    ...(body && { requestBody: body }),
    responses: Object.fromEntries([...responses, ['401', { description: 'Unauthorized' }]]),
    ...marksOf(operation),
  };
}

function requestBody(operation: Operation, writer: DefinitionWriter) {
  const { body, method, consumes } = operation;
  if (body.is === 'none') return undefined;
  const schema = body.is === 'patch' ? writer.pointer(BUILT_IN.patch) : writer.reference(body.schema);
  return { content: Object.fromEntries(consumes.map((type) => [type, { schema }])), ...(method !== 'delete' && { required: true }) };
}
