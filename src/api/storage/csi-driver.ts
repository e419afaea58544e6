import { column, defineResource } from '../define.ts';
import { NONE, UNSET } from '../meta/cells.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import { fill } from '../meta/fill.ts';
import { same } from '../meta/validation.ts';
import type { CSIDriver } from '../schema/generated/types.ts';
import { checkCsiDriver, checkCsiDriverUpdate } from './csi-validation.ts';

const TOKENS_SHOWN =
  'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes';

/** When the tokens that a driver asks for are new. */
function tokenWarnings({ spec }: CSIDriver, old: CSIDriver | undefined): string[] {
  const { tokenRequests = [], serviceAccountTokenInSecrets } = spec ?? {};
  const isNew = !old || !same(tokenRequests, old.spec?.tokenRequests);
  return tokenRequests.length > 0 && serviceAccountTokenInSecrets === undefined && isNew ? [TOKENS_SHOWN] : [];
}

export const csiDrivers = defineResource<CSIDriver>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIDriver',
  plural: 'csidrivers',
  scope: 'Cluster',
  returnsDeleted: true,
  generation: true,
  columns: [
    nameColumn,
    column('AttachRequired', 'boolean', (driver) => driver.spec?.attachRequired ?? true, { of: 'CSIDriverSpec.attachRequired' }),
    column('PodInfoOnMount', 'boolean', (driver) => driver.spec?.podInfoOnMount ?? false, { of: 'CSIDriverSpec.podInfoOnMount' }),
    column('StorageCapacity', 'boolean', (driver) => driver.spec?.storageCapacity ?? false, { of: 'CSIDriverSpec.storageCapacity' }),
    column('TokenRequests', 'string', (driver) => driver.spec?.tokenRequests?.map((t) => t.audience).join(',') ?? UNSET, {
      of: 'CSIDriverSpec.tokenRequests',
    }),
    column('RequiresRepublish', 'boolean', (driver) => driver.spec?.requiresRepublish ?? false, { of: 'CSIDriverSpec.requiresRepublish' }),
    column('Modes', 'string', (driver) => (driver.spec?.volumeLifecycleModes ?? []).join(',') || NONE, {
      of: 'CSIDriverSpec.volumeLifecycleModes',
    }),
    ageColumn,
  ],
  hooks: {
    defaults({ spec }) {
      if (!spec) return;
      fill(spec, { attachRequired: true, podInfoOnMount: false, storageCapacity: false, requiresRepublish: false, seLinuxMount: false });
      fill(spec, { fsGroupPolicy: 'ReadWriteOnceWithFSType' });
      if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ['Persistent'];
    },
    // Upstream counts from the first change on.
    prepareForCreate: ({ metadata }) => void delete metadata?.generation,
    prepareForUpdate({ metadata, spec }, old) {
      if (metadata && metadata.generation === undefined && !same(spec, old.spec)) metadata.generation = 0;
    },
    warnings: tokenWarnings,
    validate: checkCsiDriver,
    validateUpdate: checkCsiDriverUpdate,
  },
});
