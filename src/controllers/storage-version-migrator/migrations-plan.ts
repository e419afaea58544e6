import { withCrdCondition } from '../../api/apiextensions/crd-conditions.ts';
import { isConditionTrue } from '../../api/meta/conditions.ts';
import type { Condition, CustomResourceDefinition, StorageVersionMigration } from '../../api/schema/generated/types.ts';

type Migration = StorageVersionMigration;

/** What comes next for one resource; `end`: the migration is over, and its resource may be told so. */
export type MigrationStep =
  | { readonly do: 'nothing' }
  | { readonly do: 'start' | 'checkpoint' | 'rewrite' | 'end'; readonly migration: Migration };

const has = ({ status }: Migration, type: string): boolean => isConditionTrue(status?.conditions, type);
export const isOver = (migration: Migration): boolean => has(migration, 'Succeeded') || has(migration, 'Failed');

/** The oldest first; of one second, by name. */
function inOrder(a: Migration, b: Migration): number {
  const [x, y] = [a, b].map(({ metadata }) => `${metadata?.creationTimestamp ?? ''} ${metadata?.name ?? ''}`) as [string, string];
  return x < y ? -1 : Number(x > y);
}

/** The next step with the migrations of one resource, of which one runs at a time (KEP-4192). */
export function planMigrations(migrations: readonly Migration[]): MigrationStep {
  const sorted = [...migrations].sort(inOrder);
  const running = sorted.filter((migration) => has(migration, 'Running'));
  const over = running.find(isOver);
  if (over) return { do: 'end', migration: over };
  const [current] = running;
  if (current) return { do: current.status?.resourceVersion ? 'rewrite' : 'checkpoint', migration: current };
  const next = sorted.find((migration) => !isOver(migration));
  return next ? { do: 'start', migration: next } : { do: 'nothing' };
}

/** The conditions with one set; the time of transition changes with the status alone. */
export function withCondition({ status }: Migration, wanted: Omit<Condition, 'lastTransitionTime'>, now: string): Condition[] {
  const conditions = status?.conditions ?? [];
  const before = conditions.find(({ type }) => type === wanted.type);
  const condition = { ...wanted, lastTransitionTime: before?.status === wanted.status ? before.lastTransitionTime : now };
  return before ? conditions.map((each) => (each === before ? condition : each)) : [...conditions, condition];
}

const MIGRATING = 'StorageMigrating';
type CrdStatus = Pick<NonNullable<CustomResourceDefinition['status']>, 'conditions' | 'storedVersions'>;

/** What the definition of a migrated custom kind says meanwhile. */
export const crdStatusAtStart = (crd: CustomResourceDefinition, migration: string, now: string): CrdStatus => ({
  conditions: withCrdCondition(
    crd.status?.conditions,
    {
      type: MIGRATING,
      status: 'True',
      reason: 'MigrationRunning',
      message: `Migration ${migration} is running`,
      observedGeneration: crd.metadata?.generation,
    },
    now,
  ),
});

/** Objects are in the storage version alone now, unless the definition changed in between: then nobody can tell. */
export function crdStatusAtEnd(crd: CustomResourceDefinition, succeeded: boolean, now: string): CrdStatus {
  const generation = crd.metadata?.generation;
  const before = crd.status?.conditions?.find(({ type }) => type === MIGRATING);
  const isSame = before !== undefined && before.observedGeneration === generation;
  const outcome = isSame
    ? 'and the stored versions have been updated'
    : 'but the stored versions have not been updated due to a generation mismatch';
  const conditions = withCrdCondition(
    crd.status?.conditions,
    {
      type: MIGRATING,
      status: 'False',
      reason: succeeded ? 'MigrationSucceeded' : 'MigrationFailed',
      message: succeeded ? `The migration has succeeded ${outcome}` : 'The migration has failed',
      observedGeneration: generation,
    },
    now,
  );
  // Upstream forgets the old versions after a failure too, though objects may still be in them.
  const storage = crd.spec.versions.find((version) => version.storage)?.name;
  return { conditions, ...(succeeded && isSame && storage !== undefined && { storedVersions: [storage] }) };
}
