import { forEmbedded, type StructuralSchema } from '../crd-schema/index.ts';
import { type FieldError, invalid, required } from '../meta/field-error.ts';
import { dns1035LabelFindings } from '../meta/names.ts';
import { checkLabels } from '../meta/validation.ts';

/** Objects within the object say what they are (x-kubernetes-embedded-resource). */
export function embeddedFindings(object: object, structural: StructuralSchema): FieldError[] {
  const errors: FieldError[] = [];
  forEmbedded(object, { ...structural, embedded: false }, '', (embedded, path) => errors.push(...typeFindings(embedded, path)));
  return errors;
}

function typeFindings(object: Record<string, unknown>, path: string): FieldError[] {
  const { apiVersion, kind, metadata } = object;
  return [
    ...(apiVersion === undefined ? [required(`${path}.apiVersion`)] : versionFindings(apiVersion, `${path}.apiVersion`)),
    ...(kind === undefined ? [required(`${path}.kind`)] : kindFindings(kind, `${path}.kind`)),
    ...checkLabels(`${path}.metadata.labels`, (metadata as { labels?: Record<string, string> } | undefined)?.labels),
  ];
}

function versionFindings(value: unknown, path: string): FieldError[] {
  if (typeof value !== 'string') return [invalid(path, value, 'must be a string')];
  if (value === '') return [invalid(path, value, 'must not be empty')];
  return value.split('/').length > 2 ? [invalid(path, value, `unexpected GroupVersion string: ${value}`)] : [];
}

function kindFindings(value: unknown, path: string): FieldError[] {
  if (typeof value !== 'string') return [invalid(path, value, 'must be a string')];
  if (value === '') return [invalid(path, value, 'must not be empty')];
  const faults = dns1035LabelFindings(value.toLowerCase());
  return faults.length > 0 ? [invalid(path, value, `may have mixed case, but should otherwise match: ${faults.join(',')}`)] : [];
}
