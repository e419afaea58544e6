import { type FieldError, forbidden, invalidObject, notSupported, required } from '../../api/meta/field-error.ts';
import { managerFindings } from '../../api/patch/apply/index.ts';
import type { ApiRequest, Verb } from '../../api/transport.ts';
import { dryRunFindings } from './delete-options.ts';

const KINDS: Partial<Record<Verb, string>> = { create: 'CreateOptions', update: 'UpdateOptions', patch: 'PatchOptions' };
export const FIELD_VALIDATIONS = ['', 'Ignore', 'Strict', 'Warn'] as const;

/** All that is wrong with what a write says besides its object, at once: Invalid. Deletions say it in DeleteOptions. */
export function checkWriteOptions({ verb, patchType, options }: ApiRequest): void {
  const kind = KINDS[verb];
  if (!kind) return;
  const { fieldManager = '', unknown } = options ?? {};
  const errors = [
    ...(verb === 'patch' ? patchFindings(patchType, options) : []),
    ...managerFindings(fieldManager, 'fieldManager'),
    ...dryRunFindings(unknown?.dryRun ?? []),
    ...(unknown?.fieldValidation === undefined ? [] : [notSupported('fieldValidation', unknown.fieldValidation, [...FIELD_VALIDATIONS])]),
  ];
  if (errors.length > 0) throw invalidObject(kind, 'meta.k8s.io', '', errors);
}

function patchFindings(patchType: ApiRequest['patchType'], options: ApiRequest['options']): FieldError[] {
  if (patchType === 'apply') return options?.fieldManager ? [] : [required('fieldManager', 'is required for apply patch')];
  return options?.force === undefined ? [] : [forbidden('force', 'may not be specified for non-apply patch')];
}
