import { column, defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import { fill } from '../meta/fill.ts';
import type { APIService, APIServiceCondition } from '../schema/generated/types.ts';
import { checkApiService, checkApiServiceStatus } from './api-service-validation.ts';

export const availableCondition = ({ status }: APIService): APIServiceCondition | undefined =>
  status?.conditions?.find(({ type }) => type === 'Available');

/** May requests be sent there? */
export const isAvailable = (service: APIService): boolean => availableCondition(service)?.status === 'True';

/** Of APIServices without a Service: the server itself answers. */
export const localCondition = (now: string): APIServiceCondition => ({
  type: 'Available',
  status: 'True',
  lastTransitionTime: now,
  reason: 'Local',
  message: 'Local APIServices are always available',
});

function availableCell(service: APIService): string {
  const condition = availableCondition(service);
  if (!condition) return 'Unknown';
  return condition.status !== 'True' && condition.reason ? `${condition.status} (${condition.reason})` : condition.status;
}

export const apiServices = defineResource<APIService>({
  group: 'apiregistration.k8s.io',
  version: 'v1',
  kind: 'APIService',
  plural: 'apiservices',
  scope: 'Cluster',
  categories: ['api-extensions'],
  nameRule: 'path',
  subresources: { status: { kind: 'status' } },
  statusMetadata: [],
  columns: [
    nameColumn,
    column('Service', 'string', ({ spec }) => (spec?.service ? `${spec.service.namespace}/${spec.service.name}` : 'Local'), {
      description: 'The reference to the service that hosts this API endpoint.',
    }),
    column('Available', 'string', availableCell, { description: 'Whether this service is available.' }),
    ageColumn,
  ],
  hooks: {
    defaults({ spec }) {
      if (spec?.service) fill(spec.service, { port: 443 });
    },
    prepareForCreate(draft, { now }) {
      if (!draft.spec?.service) draft.status = { conditions: [localCondition(now)] };
    },
    validate: checkApiService,
    validateUpdate: checkApiServiceStatus,
  },
});
