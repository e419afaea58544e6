import { column, defineResource } from '../define.ts';
import { NONE } from '../meta/cells.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import { fillZero } from '../meta/fill.ts';
import type { FlowSchema } from '../schema/generated/types.ts';
import { checkFlowSchema } from './flow-schema-validation.ts';

const precedence = ({ spec }: FlowSchema) => spec?.matchingPrecedence ?? 0;
const nameOf = ({ metadata }: FlowSchema) => metadata?.name ?? '';

/** As requests are matched: a table reads from what is tried first. */
const inOrderOfMatching = (a: FlowSchema, b: FlowSchema): number => precedence(a) - precedence(b) || (nameOf(a) < nameOf(b) ? -1 : 1);

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
    column('PriorityLevel', 'string', (schema) => schema.spec?.priorityLevelConfiguration.name ?? '', {
      of: 'PriorityLevelConfigurationReference.name',
    }),
    column('MatchingPrecedence', 'string', (schema) => schema.spec?.matchingPrecedence ?? 0, { of: 'FlowSchemaSpec.matchingPrecedence' }),
    column('DistinguisherMethod', 'string', (schema) => schema.spec?.distinguisherMethod?.type ?? NONE, {
      of: 'FlowSchemaSpec.distinguisherMethod',
    }),
    ageColumn,
    column('MissingPL', 'string', (schema) => schema.status?.conditions?.find((c) => c.type === 'Dangling')?.status ?? '?', {
      description: 'references a broken or non-existent PriorityLevelConfiguration',
    }),
  ],
  rows: { compare: inOrderOfMatching },
  hooks: {
    defaults({ spec }) {
      if (spec) fillZero(spec, { matchingPrecedence: 1000 });
    },
    checksRequired: true,
    validate: checkFlowSchema,
  },
});
