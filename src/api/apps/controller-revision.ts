import { column, defineResource } from '../define.ts';
import { NONE } from '../meta/cells.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import { controllerOf } from '../meta/object.ts';
import type { ControllerRevision } from '../schema/generated/types.ts';
import { checkControllerRevision, checkControllerRevisionUpdate, checkNewControllerRevision } from './controller-revision-validation.ts';

/** `daemonset.apps/name`. */
function controllerCell(revision: ControllerRevision): string {
  const owner = controllerOf(revision);
  if (!owner) return NONE;
  const group = owner.apiVersion.includes('/') ? `.${owner.apiVersion.split('/')[0]}` : '';
  return `${owner.kind.toLowerCase()}${group}/${owner.name}`;
}

export const controllerRevisions = defineResource<ControllerRevision>({
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  scope: 'Namespaced',
  columns: [
    nameColumn,
    column('Controller', 'string', controllerCell, { description: 'Controller of the object' }),
    column('Revision', 'string', (revision) => revision.revision ?? 0, { of: 'ControllerRevision.revision' }),
    ageColumn,
  ],
  hooks: {
    checksRequired: true,
    validate: checkControllerRevision,
    validateCreate: checkNewControllerRevision,
    validateUpdate: checkControllerRevisionUpdate,
  },
});
