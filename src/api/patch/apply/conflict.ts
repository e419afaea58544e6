import { ApiError, type StatusCause } from '../../meta/status.ts';
import { type FieldSet, forEachField, intersection, isEmptySet } from './field-set.ts';
import type { Manager } from './managers.ts';
import { printPath } from './path-element.ts';

/** Fields that an apply would change and that others own. */
export interface Conflict {
  readonly manager: Manager;
  readonly fields: FieldSet;
}

export const hasConflicts = (conflicts: readonly Conflict[]): boolean => conflicts.some(({ fields }) => !isEmptySet(fields));

/** 409 with one cause per field, in upstream's words. */
export function conflictError(conflicts: readonly Conflict[]): ApiError {
  const byManager = new Map<string, string[]>();
  const causes: StatusCause[] = [];
  for (const { manager, fields } of conflicts) {
    const called = printManager(manager);
    const paths = byManager.get(called) ?? [];
    byManager.set(called, paths);
    forEachField(fields, (path) => {
      const field = printPath(path);
      paths.push(field);
      causes.push({ reason: 'FieldManagerConflict', message: `conflict with ${called}`, field });
    });
  }
  return new ApiError('Conflict', conflictMessage(byManager, causes), { details: { causes } });
}

function conflictMessage(byManager: ReadonlyMap<string, readonly string[]>, causes: readonly StatusCause[]): string {
  const [only] = causes;
  if (only && causes.length === 1) return `Apply failed with 1 conflict: ${only.message}: ${only.field}`;
  const lines = [...byManager.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([manager, paths]) => [`conflicts with ${manager}:`, ...paths.map((path) => `- ${path}`)]);
  return `Apply failed with ${causes.length} conflicts: ${lines.join('\n')}`;
}

/** `"kubectl-client-side-apply" using apps/v1`; an applier goes by its name. */
function printManager({ manager, subresource, operation, apiVersion }: Manager): string {
  const name = subresource ? `${JSON.stringify(manager)} with subresource ${JSON.stringify(subresource)}` : JSON.stringify(manager);
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}

/** What `fields` has in common with what each of the others owns. */
export const conflictsWith = (fields: FieldSet, others: readonly Manager[]): Conflict[] =>
  others.map((manager) => ({ manager, fields: intersection(manager.fields, fields) })).filter(({ fields: shared }) => !isEmptySet(shared));
