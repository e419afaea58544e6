import { defineResource } from '../define.ts';
import { balancerWarnings } from '../meta/address-warnings.ts';
import type { Service } from '../schema/generated/types.ts';
import { proxySubresource } from './proxy-subresource.ts';
import { serviceColumns } from './service-columns.ts';
import { defaultService } from './service-defaults.ts';
import { dropInternalPolicy, keepAllocations } from './service-update.ts';
import { serviceWarnings } from './service-warnings.ts';
import { checkService, checkServiceStatus, checkServiceUpdate } from './validation-service.ts';

export const services = defineResource<Service>({
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  scope: 'Namespaced',
  returnsDeleted: true,
  shortNames: ['svc'],
  categories: ['all'],
  nameRule: 'label',
  subresources: { proxy: proxySubresource('ServiceProxyOptions'), status: { kind: 'status' } },
  fieldSelectors: {
    'spec.clusterIP': (service) => service.spec?.clusterIP ?? '',
    'spec.type': (service) => service.spec?.type ?? '',
  },
  columns: serviceColumns,
  hooks: {
    defaults: defaultService,
    prepareForCreate: dropInternalPolicy,
    prepareForUpdate: keepAllocations,
    checksRequired: true,
    validateCreate: checkService,
    warnings: serviceWarnings,
    statusWarnings: ({ status }) => balancerWarnings(status?.loadBalancer?.ingress),
    validateUpdate: checkServiceUpdate,
    validateStatus: checkServiceStatus,
  },
});
