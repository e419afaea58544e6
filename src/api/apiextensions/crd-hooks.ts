import type { Hooks } from '../define.ts';
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '../schema/generated/types.ts';
import { CLEANUP_FINALIZER, withCrdCondition } from './crd-conditions.ts';
import { decodeCrd } from './crd-decode.ts';
import { unknownFormats } from './crd-schemas.ts';
import { validateAcceptedNames, validateCrd, validateCrdUpdate } from './crd-validation.ts';

function setDefaults(crd: CustomResourceDefinition): void {
  const { spec, status } = crd;
  if (!spec) return;
  if (status?.storedVersions?.length === 0) noteStorageVersion(crd);
  const { names } = spec;
  if (names?.kind) {
    names.singular ||= names.kind.toLowerCase();
    names.listKind ||= `${names.kind}List`;
  }
  spec.conversion ??= { strategy: 'None' };
  const service = spec.conversion.webhook?.clientConfig?.service;
  if (service) service.port ??= 443;
}

/** Versions that objects were ever stored in: one that is not stored in any more is taken out by whoever migrated them. */
function noteStorageVersion(crd: CustomResourceDefinition): void {
  const storage = crd.spec?.versions?.find((version) => version.storage);
  const before = crd.status?.storedVersions ?? [];
  const { name = '' }: Partial<CustomResourceDefinitionVersion> = storage ?? {};
  if (!storage || before.includes(name)) return;
  crd.status = { ...crd.status, storedVersions: [...before, name] };
}

/** Of formats that are not checked, as far as they were not there before. */
function formatWarnings(crd: CustomResourceDefinition, old: CustomResourceDefinition | undefined): string[] {
  const before = new Set(old ? unknownFormats(old) : []);
  return unknownFormats(crd).flatMap((format) => (before.has(format) ? [] : [`unrecognized format ${JSON.stringify(format)}`]));
}

/** Source: Kubernetes, "CustomResourceDefinition" (API reference) and apiextensions-apiserver's strategy. */
export const customResourceDefinitionHooks: Hooks<CustomResourceDefinition> = {
  decode: decodeCrd,
  checksRequired: true,
  defaults: setDefaults,
  prepareForCreate(crd) {
    crd.status = { acceptedNames: { kind: '', plural: '' } };
    noteStorageVersion(crd);
  },
  prepareForUpdate(crd, _old, { subresource }) {
    if (subresource === '') noteStorageVersion(crd);
  },
  /** Instances go first: whoever removes them takes the finalizer off. */
  prepareForDelete(crd, { now }) {
    const finalizers = crd.metadata?.finalizers ?? [];
    if (crd.metadata && !finalizers.includes(CLEANUP_FINALIZER)) crd.metadata.finalizers = [...finalizers, CLEANUP_FINALIZER];
    const conditions = withCrdCondition(
      crd.status?.conditions,
      {
        type: 'Terminating',
        status: 'True',
        reason: 'InstanceDeletionPending',
        message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
      },
      now,
    );
    crd.status = { ...crd.status, conditions };
  },
  validateCreate: (crd) => validateCrd(crd),
  validateUpdate: (crd, old, { subresource }) => (subresource === '' ? validateCrdUpdate(crd, old) : validateAcceptedNames(crd)),
  warnings: formatWarnings,
};
