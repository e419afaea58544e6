import { resourceId } from '../../../api/define.ts';
import { ApiError } from '../../../api/meta/status.ts';
import type { AdmissionPlugin, ObjectReader } from '../../ports.ts';
import { namespaceOf } from '../request.ts';

/** They are the cluster's own. */
const IMMORTAL = new Set(['default', 'kube-system', 'kube-public']);
/** Requests about access are answered in namespaces that do not exist as well. */
const ANYWHERE = new Set(['localsubjectaccessreviews.authorization.k8s.io']);

/** Nothing is created in a namespace that is missing or on its way out; the cluster's own namespaces stay. */
export const namespaceLifecycle = (objects: ObjectReader): AdmissionPlugin => ({
  name: 'NamespaceLifecycle',
  mutate({ operation, request, old }) {
    const { group, resource, subresource, namespace, name = old?.metadata?.name ?? '' } = request;
    const id = resourceId({ group, plural: resource });
    if (id === 'namespaces') {
      if (operation === 'DELETE' && !subresource && IMMORTAL.has(name)) {
        throw forbidden('namespaces', '', name, 'this namespace may not be deleted');
      }
      return;
    }
    if (operation !== 'CREATE' || !namespace || ANYWHERE.has(id)) return;
    const found = namespaceOf(objects, namespace);
    if (!found.metadata?.deletionTimestamp && found.status?.phase !== 'Terminating') return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    const cause = { reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' };
    throw forbidden(resource, group, name, why, cause);
  },
});

function forbidden(resource: string, group: string, name: string, why: string, cause?: { reason: string; message: string; field: string }) {
  const details = { name, ...(group && { group }), kind: resource, ...(cause && { causes: [cause] }) };
  return new ApiError('Forbidden', `${resourceId({ group, plural: resource })} "${name}" is forbidden: ${why}`, { details });
}
