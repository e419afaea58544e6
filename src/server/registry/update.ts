import { resourceId } from '../../api/define.ts';
import { invalid, invalidObject } from '../../api/meta/field-error.ts';
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

/** Kinds that PUT creates when they are missing (upstream's AllowCreateOnUpdate). */
const CREATED_BY_UPDATE = new Set([
  'endpoints',
  'events',
  'limitranges',
  'resourcequotas',
  'services',
  'leases.coordination.k8s.io',
  'roles.rbac.authorization.k8s.io',
  'rolebindings.rbac.authorization.k8s.io',
  'clusterroles.rbac.authorization.k8s.io',
  'clusterrolebindings.rbac.authorization.k8s.io',
]);

/** Kinds whose PUT must carry a resourceVersion (upstream's AllowUnconditionalUpdate is false). */
const CONDITIONAL_ONLY = new Set([
  'leases.coordination.k8s.io',
  'poddisruptionbudgets.policy',
  'runtimeclasses.node.k8s.io',
  'csinodes.storage.k8s.io',
  'csidrivers.storage.k8s.io',
  'csistoragecapacities.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io',
  'mutatingadmissionpolicies.admissionregistration.k8s.io',
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'customresourcedefinitions.apiextensions.k8s.io',
  'apiservices.apiregistration.k8s.io',
  'storageversionmigrations.storagemigration.k8s.io',
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
  const id = resourceId(definition);
  const received = draftOf(definition, request, context, deps.schemas);
  if (definition.scope === 'Namespaced' && !request.namespace) throw badRequest('namespace is required');
  matchName(received, name);
  matchNamespace(received, definition, request.namespace);
  const make = () => {
    const { resourceVersion } = received.metadata;
    if ((definition.structural || CONDITIONAL_ONLY.has(id)) && (!resourceVersion || resourceVersion === '0')) {
      throw invalidObject(definition.plural, definition.group, name, [
        invalid('metadata.resourceVersion', 0, 'must be specified for an update'),
      ]);
    }
    return copyObject(received);
  };
  try {
    return await changeObject(deps, { resource, request, context, name, subresource, make });
  } catch (error) {
    if (subresource !== '' || !isNotFound(error) || !CREATED_BY_UPDATE.has(id)) throw error;
    await deps.authorizeCreate(request, context);
    return create(deps, resource, { ...request, verb: 'create', body: copyObject(received) }, context);
  }
}
