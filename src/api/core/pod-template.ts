import { column, defineResource } from '../define.ts';
import { formatLabels } from '../meta/cells.ts';
import { nameColumn } from '../meta/columns.ts';
import type { PodTemplate } from '../schema/generated/types.ts';
import { defaultPodTemplate } from './defaults-pod-spec.ts';
import { workloadWarnings } from './pod-warnings.ts';
import { images, names } from './template-columns.ts';
import { checkPodTemplate } from './validation-pod-spec.ts';

export const podTemplates = defineResource<PodTemplate>({
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  plural: 'podtemplates',
  scope: 'Namespaced',
  returnsDeleted: true,
  generation: true,
  behaviour: 'stored-only',
  columns: [
    nameColumn,
    column('Containers', 'string', (t) => names(t.template?.spec), { description: 'Names of each container in the template.' }),
    column('Images', 'string', (t) => images(t.template?.spec), { description: 'Images referenced by each container in the template.' }),
    column('Pod Labels', 'string', (t) => formatLabels(t.template?.metadata?.labels), { description: 'The labels for the pod template.' }),
  ],
  hooks: {
    defaults: ({ template }) => defaultPodTemplate(template),
    checksRequired: true,
    validate: ({ template }) => checkPodTemplate('template', template),
    warnings: workloadWarnings('template', ({ template }) => template, false),
  },
});
