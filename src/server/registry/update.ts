import { resourceId } from '../../api/define.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { ApiRequest } from '../../api/transport.ts';
import type { RequestContext } from '../ports.ts';
import type { Answer } from './answer.ts';
import { draftOf, matchName, matchNamespace } from './body.ts';
import { changeObject } from './change.ts';
import { copyObject } from './copy.ts';
import { create } from './create.ts';
import type { RegistryDeps } from './deps.ts';
import { badRequest } from './errors.ts';
import type { Resource } from './resources.ts';
import { readVersion, versionWanted, wantsVersion } from './versions.ts';

/** Kinds that PUT creates when they are missing (upstream's AllowCreateOnUpdate). */
const CREATED_BY_UPDATE = new Set([
  'endpoints',
  'events',
  'limitranges',
  'services',
  'events.events.k8s.io',
  'leases.coordination.k8s.io',
  'runtimeclasses.node.k8s.io',
  'roles.rbac.authorization.k8s.io',
  'rolebindings.rbac.authorization.k8s.io',
  'clusterroles.rbac.authorization.k8s.io',
  'clusterrolebindings.rbac.authorization.k8s.io',
]);

/** PUT of an object or of its status. */
export async function update(
  deps: RegistryDeps,
  resource: Resource,
  request: ApiRequest,
  context: RequestContext,
  subresource: '' | 'status' = '',
): Promise<Answer> {
  const { definition } = resource;
  const { name = '' } = request;
  const received = draftOf(definition, request, context, deps.schemas);
  if (definition.scope === 'Namespaced' && !request.namespace) throw badRequest('namespace is required');
  matchName(received, name);
  matchNamespace(received, definition, request.namespace);
  const make = () => {
    if (!received.metadata.resourceVersion && wantsVersion(definition)) throw versionWanted(definition, name);
    return copyObject(received);
  };
  try {
    return await changeObject(deps, { resource, request, context, name, subresource, make });
  } catch (error) {
    if (subresource !== '' || !isNotFound(error) || !CREATED_BY_UPDATE.has(resourceId(definition))) throw error;
    await deps.authorizeCreate(request, context);
    const body = copyObject(received);
    readVersion(body.metadata.resourceVersion);
    delete body.metadata.resourceVersion;
    return create(deps, resource, { ...request, verb: 'create', body }, context);
  }
}
