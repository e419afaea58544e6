import type { ObjectMeta } from '../schema/generated/types.ts';

const BETA_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

/** The class of a claim or a volume; the old annotation goes before the field. */
export const storageClassOf = (object: { metadata?: ObjectMeta; spec?: { storageClassName?: string } }): string =>
  object.metadata?.annotations?.[BETA_ANNOTATION] ?? object.spec?.storageClassName ?? '';
