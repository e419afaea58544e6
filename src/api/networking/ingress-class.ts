import { column, defineResource } from '../define.ts';
import { NONE } from '../meta/cells.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import { fill } from '../meta/fill.ts';
import type { IngressClass } from '../schema/generated/types.ts';
import { checkIngressClass, checkIngressClassUpdate } from './ingress-validation.ts';

function parametersCell({ spec }: IngressClass): string {
  if (!spec?.parameters) return NONE;
  const { apiGroup, kind, name } = spec.parameters;
  return `${kind}${apiGroup ? `.${apiGroup}` : ''}/${name}`;
}

export const ingressClasses = defineResource<IngressClass>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  plural: 'ingressclasses',
  scope: 'Cluster',
  generation: true,
  behaviour: 'stored-only',
  columns: [
    nameColumn,
    column('Controller', 'string', (ingressClass) => ingressClass.spec?.controller ?? '', {
      description: 'Controller that is responsible for handling this class',
    }),
    column('Parameters', 'string', (ingressClass) => parametersCell(ingressClass), {
      description: 'A reference to a resource with additional parameters',
    }),
    ageColumn,
  ],
  hooks: {
    checksRequired: true,
    validateCreate: checkIngressClass,
    validateUpdate: checkIngressClassUpdate,
    defaults({ spec }) {
      if (spec?.parameters) fill(spec.parameters, { scope: 'Cluster' });
    },
  },
});
