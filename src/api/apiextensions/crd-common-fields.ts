import { same } from '../meta/validation.ts';
import type { CustomResourceDefinitionVersion } from '../schema/generated/types.ts';

const FIELDS = ['subresources', 'schema', 'additionalPrinterColumns', 'selectableFields'] as const;
export type VersionFields = Pick<CustomResourceDefinitionVersion, (typeof FIELDS)[number]>;

/**
 * What all versions say alike upstream keeps once, beside them, and speaks of there: `spec.validation`, not `spec.versions[0].schema`
 * (apiextensions-apiserver, conversion of v1). `versions` are left with what is their own.
 */
export function withCommonFields(versions: readonly CustomResourceDefinitionVersion[]): {
  common: VersionFields;
  versions: CustomResourceDefinitionVersion[];
} {
  const [first] = versions;
  const shared = FIELDS.filter((field) => versions.every((version) => same(version[field], first?.[field])));
  const common = Object.fromEntries(shared.map((field) => [field, first?.[field]])) as VersionFields;
  const own = (version: CustomResourceDefinitionVersion) =>
    Object.fromEntries(Object.entries(version).filter(([field]) => !(shared as string[]).includes(field)));
  return { common, versions: versions.map((version) => own(version) as unknown as CustomResourceDefinitionVersion) };
}
