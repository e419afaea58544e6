import { column, defineResource } from '../define.ts';
import { NONE } from '../meta/cells.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { PriorityLevelConfiguration } from '../schema/generated/types.ts';
import { defaultPriorityLevel } from './priority-level-defaults.ts';
import { checkPriorityLevel } from './priority-level-validation.ts';

const queuing = (level: PriorityLevelConfiguration) => level.spec?.limited?.limitResponse?.queuing;

export const priorityLevelConfigurations = defineResource<PriorityLevelConfiguration>({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'PriorityLevelConfiguration',
  plural: 'prioritylevelconfigurations',
  scope: 'Cluster',
  generation: true,
  subresources: { status: { kind: 'status' } },
  statusMetadata: [],
  columns: [
    nameColumn,
    column('Type', 'string', (level) => level.spec?.type ?? '', { of: 'PriorityLevelConfigurationSpec.type' }),
    column('NominalConcurrencyShares', 'string', (level) => level.spec?.limited?.nominalConcurrencyShares ?? NONE, {
      of: 'LimitedPriorityLevelConfiguration.nominalConcurrencyShares',
    }),
    column('Queues', 'string', (level) => queuing(level)?.queues ?? NONE, { of: 'QueuingConfiguration.queues' }),
    column('HandSize', 'string', (level) => queuing(level)?.handSize ?? NONE, { of: 'QueuingConfiguration.handSize' }),
    column('QueueLengthLimit', 'string', (level) => queuing(level)?.queueLengthLimit ?? NONE, {
      of: 'QueuingConfiguration.queueLengthLimit',
    }),
    ageColumn,
  ],
  hooks: { defaults: defaultPriorityLevel, checksRequired: true, validate: checkPriorityLevel },
});
