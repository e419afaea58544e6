import type { CustomSubresource, ResourceDefinition } from '../../api/define.ts';
import { ANY_TYPE, LOG_TYPES } from './media-types.ts';
import type { Method, Operation, PathOperations } from './operation.ts';
import { capital, groupWord, scopeWord, tagOf } from './operation-names.ts';
import { CONNECTION_PARAMETERS, LOG_PARAMETERS, type Parameter, SUBPATH } from './parameters.ts';

const PROXY_METHODS: readonly Method[] = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'];

/** Paths of a subresource that answers with text or a stream: log, exec, attach, portforward and proxy. `path` is the subresource's, `shared` names the object. */
export function connectionPaths(
  resource: ResourceDefinition,
  name: string,
  subresource: CustomSubresource,
  path: string,
  shared: readonly Parameter[],
): PathOperations[] {
  const options = subresource.objectKind;
  if (!options) return [{ path, parameters: [...shared, ...LOG_PARAMETERS], operations: [logOperation(resource)] }];
  const methods: readonly Method[] = name === 'proxy' ? PROXY_METHODS : ['get', 'post'];
  const parameters = [...shared, ...(CONNECTION_PARAMETERS[options.kind] ?? [])];
  const operations = (suffix: string) => methods.map((method) => connect(resource, method, { name, suffix, kind: options }));
  const paths = [{ path, parameters, operations: operations('') }];
  if (name === 'proxy') paths.push({ path: `${path}/{path}`, parameters: [...parameters, SUBPATH], operations: operations('WithPath') });
  return paths;
}

const text = { body: { is: 'none' }, answer: undefined, parameters: [], codes: [200], consumes: ANY_TYPE } as const;

function connect(
  resource: ResourceDefinition,
  method: Method,
  { name, suffix, kind }: { name: string; suffix: string; kind: NonNullable<Operation['kind']> },
): Operation {
  return {
    ...text,
    method,
    action: 'connect',
    id: `connect${groupWord(resource)}${capital(method)}${scopeWord(resource)}${resource.kind}${capital(name)}${suffix}`,
    tag: tagOf(resource),
    kind: { group: kind.group, kind: kind.kind, version: kind.version },
    description: `connect ${method.toUpperCase()} requests to ${name} of ${resource.kind}`,
    produces: ANY_TYPE,
  };
}

function logOperation(resource: ResourceDefinition): Operation {
  const { group, version, kind } = resource;
  return {
    ...text,
    method: 'get',
    action: 'get',
    id: `read${groupWord(resource)}${scopeWord(resource)}${kind}Log`,
    tag: tagOf(resource),
    kind: { group, kind, version },
    description: `read log of the specified ${kind}`,
    produces: LOG_TYPES,
  };
}
