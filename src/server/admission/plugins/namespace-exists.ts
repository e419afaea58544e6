import { notFound } from '../../../api/meta/status.ts';
import type { AdmissionPlugin, ObjectReader } from '../../ports.ts';

const NAMESPACES = { group: '', plural: 'namespaces' };

/** Nothing is written or deleted in a namespace that is not there. Off by default: NamespaceLifecycle sees to creations. (Kubernetes: "Admission Control", NamespaceExists.) */
export const namespaceExists = (objects: ObjectReader): AdmissionPlugin => ({
  name: 'NamespaceExists',
  validate(admission) {
    const { operation, request } = admission;
    const { namespace, resource, group } = request;
    if (operation === 'CONNECT' || !namespace || (resource === 'namespaces' && group === '')) return;
    if (!objects.get('namespaces', '', namespace)) throw notFound(NAMESPACES, namespace);
  },
});
