import { ApiError } from '../../../api/meta/status.ts';
import type { AdmissionPlugin, ObjectReader } from '../../ports.ts';
import { refusal } from '../request.ts';
import { isDryRun } from '../webhooks/review.ts';

/** Makes a namespace in the server's own name. Rejects with ApiError. */
export type CreateNamespace = (name: string) => Promise<void>;

/** Whoever creates something in a namespace that is not there gets the namespace as well. Off by default. (Kubernetes: "Admission Control", NamespaceAutoProvision.) */
export const namespaceAutoProvision = (objects: ObjectReader, create: CreateNamespace): AdmissionPlugin => ({
  name: 'NamespaceAutoProvision',
  async mutate(admission) {
    const { operation, request } = admission;
    const { namespace, resource, group } = request;
    if (operation !== 'CREATE' || !namespace || (resource === 'namespaces' && group === '') || isDryRun(admission)) return;
    if (objects.get('namespaces', '', namespace)) return;
    try {
      await create(namespace);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.reason !== 'AlreadyExists') throw refusal(admission, error.message);
    }
  },
});
