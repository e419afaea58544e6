import type { AdmissionPlugin, ObjectReader } from '../../ports.ts';
import { namespaceOf } from '../request.ts';

/** Nothing is written or deleted in a namespace that is not there. Off by default: NamespaceLifecycle sees to creations. (Kubernetes: "Admission Control", NamespaceExists.) */
export const namespaceExists = (objects: ObjectReader): AdmissionPlugin => ({
  name: 'NamespaceExists',
  validate(admission) {
    const { operation, request } = admission;
    const { namespace, resource, group } = request;
    if (operation === 'CONNECT' || !namespace || (resource === 'namespaces' && group === '')) return;
    namespaceOf(objects, namespace);
  },
});
