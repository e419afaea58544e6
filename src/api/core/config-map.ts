import { column, defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { ConfigMap } from '../schema/generated/types.ts';
import { checkConfigMap, checkConfigMapUpdate } from './validation-data.ts';

export const configMaps = defineResource<ConfigMap>({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  scope: 'Namespaced',
  shortNames: ['cm'],
  columns: [
    nameColumn,
    column('Data', 'string', (cm) => Object.keys(cm.data ?? {}).length + Object.keys(cm.binaryData ?? {}).length, { of: 'ConfigMap.data' }),
    ageColumn,
  ],
  hooks: { validateCreate: checkConfigMap, validateUpdate: checkConfigMapUpdate },
});
