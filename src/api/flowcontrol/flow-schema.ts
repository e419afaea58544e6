import { column, defineResource } from '../define.ts';
import { NONE } from '../meta/cells.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import { fillZero } from '../meta/fill.ts';
import type { FlowSchema } from '../schema/generated/types.ts';
import { checkFlowSchema } from './flow-schema-validation.ts';

export const flowSchemas = defineResource<FlowSchema>({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'FlowSchema',
  plural: 'flowschemas',
  scope: 'Cluster',
  generation: true,
  subresources: { status: { kind: 'status' } },
  statusMetadata: [],
  columns: [
    nameColumn,
    column('PriorityLevel', 'string', (schema) => schema.spec?.priorityLevelConfiguration.name || NONE),
    column('MatchingPrecedence', 'integer', (schema) => schema.spec?.matchingPrecedence ?? 0),
    column('DistinguisherMethod', 'string', (schema) => schema.spec?.distinguisherMethod?.type ?? NONE),
    ageColumn,
    column('MissingPL', 'string', (schema) => schema.status?.conditions?.find((c) => c.type === 'Dangling')?.status ?? '?'),
  ],
  hooks: {
    defaults({ spec }) {
      if (spec) fillZero(spec, { matchingPrecedence: 1000 });
    },
    checksRequired: true,
    validate: checkFlowSchema,
  },
});
