import { templateColumns } from '../core/template-columns.ts';
import { type Column, column } from '../define.ts';
import { ageColumn, nameColumn, wideColumn } from '../meta/columns.ts';
import type { PodTemplateSpec } from '../schema/generated/types.ts';

interface Replicated {
  spec?: { replicas?: number; template?: PodTemplateSpec };
  status?: { replicas?: number; readyReplicas?: number };
}

/** ReplicaSet's and ReplicationController's table; they differ in the selector's form alone. */
export const replicaColumns = <T extends Replicated>(
  kind: 'ReplicaSet' | 'ReplicationController',
  selector: (object: T) => string,
): readonly Column<T>[] => [
  nameColumn as Column<T>,
  column('Desired', 'integer', (o: T) => o.spec?.replicas ?? 0, { of: `${kind}Spec.replicas` }),
  column('Current', 'integer', (o: T) => o.status?.replicas ?? 0, { of: `${kind}Status.replicas` }),
  column('Ready', 'integer', (o: T) => o.status?.readyReplicas ?? 0, { of: `${kind}Status.readyReplicas` }),
  ageColumn as Column<T>,
  ...templateColumns((o: T) => o.spec?.template?.spec),
  wideColumn('Selector', 'string', selector, { of: `${kind}Spec.selector` }),
];

/** `2/3`: how many of the wanted replicas are ready. */
export const readyCell = (o: Replicated): string => `${o.status?.readyReplicas ?? 0}/${o.spec?.replicas ?? 0}`;
