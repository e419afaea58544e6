import { customResourceDefinitions } from '../../api/apiextensions/custom-resource-definition.ts';
import { apiVersionOf, type ResourceDefinition } from '../../api/define.ts';
import { storageVersionMigrations } from '../../api/index.ts';
import { isConditionTrue } from '../../api/meta/conditions.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { ApiError, isConflict, isNotFound, qualifiedResource, type StatusReason } from '../../api/meta/status.ts';
import type { Condition, CustomResourceDefinition, StorageVersionMigration } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { Controller, ReconcileRequest, ReconcileResult } from '../../client/controller.ts';
import { crdStatusAtEnd, crdStatusAtStart, planMigrations, withCondition } from './migrations-plan.ts';

const MIGRATIONS = 'storageversionmigrations.storagemigration.k8s.io';
const FIELD_MANAGER = 'storage-version-migrator-controller';
/** A definition that was just made may not be served yet. */
const UNKNOWN_FOR_MS = 60_000;
const RECHECK_UNKNOWN_MS = 5_000;
const PAGE = 500;
const NEEDED_VERBS = ['update', 'patch', 'list'] as const;
/** Answers of a server that may give another one later. */
const RETRIED: ReadonlySet<StatusReason> = new Set([
  'ServerTimeout',
  'TooManyRequests',
  'ServiceUnavailable',
  'InternalError',
  'Timeout',
  'Expired',
]);

type Migration = StorageVersionMigration;

/** Why a migration cannot go on; its own text becomes the condition's. */
class MigrationFailed extends Error {}

const resourceOf = ({ spec }: Migration) => ({ group: spec?.resource.group ?? '', plural: spec?.resource.resource ?? '' });
const keyOf = (migration: Migration): string => {
  const { group, plural } = resourceOf(migration);
  return qualifiedResource(plural, group);
};

/**
 * Writes every object of a resource again, so that it is stored as it would be stored now: in the storage version of its definition, under the current
 * encryption key (Kubernetes: "Migrate Kubernetes Objects Using Storage Version Migration"). Keys are resources: one migration of each runs at a time.
 * `kinds`: everything that is served now, in preferred versions.
 */
export const storageVersionMigrator = ({ kinds }: { kinds: () => readonly ResourceDefinition[] }): Controller => ({
  name: 'storage-version-migrator',
  reads: [MIGRATIONS],
  writes: ['*'],
  enqueue: { [MIGRATIONS]: (migration) => [keyOf(migration as Migration)] },
  async reconcile(request) {
    const all = request.informer(storageVersionMigrations).list();
    const step = planMigrations(all.filter((migration) => keyOf(migration) === request.key));
    try {
      switch (step.do) {
        case 'nothing':
          return undefined;
        case 'start':
          return await start(request, step.migration);
        case 'checkpoint':
          return await checkpoint(request, step.migration, kinds());
        case 'rewrite':
          return await rewriteAll(request, step.migration, kinds());
        case 'end':
          return await end(request, step.migration);
      }
    } catch (error) {
      if (!(error instanceof MigrationFailed)) throw error;
      if (step.do === 'nothing') throw error;
      return setCondition(request, step.migration, {
        type: 'Failed',
        status: 'True',
        reason: 'StorageVersionMigrationFailed',
        message: error.message,
      });
    }
  },
});

async function start(request: ReconcileRequest, migration: Migration): Promise<void> {
  const now = rfc3339(request.clock.now());
  await tellDefinition(request, (crd) => crdStatusAtStart(crd, migration.metadata?.name ?? '', now));
  await setCondition(request, migration, {
    type: 'Running',
    status: 'True',
    reason: 'MigrationRunning',
    message: 'The migration is running',
  });
}

async function end(request: ReconcileRequest, migration: Migration): Promise<void> {
  const succeeded = isConditionTrue(migration.status?.conditions, 'Succeeded');
  await tellDefinition(request, (crd) => crdStatusAtEnd(crd, succeeded, rfc3339(request.clock.now())));
  await setCondition(request, migration, {
    type: 'Running',
    status: 'False',
    reason: 'MigrationCompleted',
    message: 'Migration completed',
  });
}

/** Objects that change after this revision are stored anew by whoever changes them. */
async function checkpoint(request: ReconcileRequest, migration: Migration, kinds: readonly ResourceDefinition[]): Promise<ReconcileResult> {
  const { client, clock, signal } = request;
  const resource = find(migration, kinds);
  if (!resource) {
    const ageMs = clock.now() - Date.parse(migration.metadata?.creationTimestamp ?? '');
    if (ageMs < UNKNOWN_FOR_MS) return { afterMs: Math.min(RECHECK_UNKNOWN_MS, UNKNOWN_FOR_MS - ageMs) };
    throw new MigrationFailed('resource does not exist in discovery');
  }
  if (!NEEDED_VERBS.every((verb) => resource.verbs.includes(verb))) {
    const named = `${resource.group}/${resource.version}, Resource=${resource.plural}`;
    throw new MigrationFailed(`resource ${JSON.stringify(named)} does not support discovery operations: [${NEEDED_VERBS.join(' ')}]`);
  }
  const { metadata } = await client.list(resource, { limit: 1, signal });
  await writeStatus(request, migration, { ...migration.status, resourceVersion: metadata?.resourceVersion });
}

const find = (migration: Migration, kinds: readonly ResourceDefinition[]): ResourceDefinition | undefined => {
  const { group, plural } = resourceOf(migration);
  return kinds.find((kind) => kind.group === group && kind.plural === plural);
};

async function rewriteAll(request: ReconcileRequest, migration: Migration, kinds: readonly ResourceDefinition[]): Promise<void> {
  const { client, signal } = request;
  const resource = find(migration, kinds);
  if (!resource) throw new MigrationFailed('migration encountered unhandled error: unable to obtain GVR from discovery');
  const until = Number(migration.status?.resourceVersion);
  let next: string | undefined;
  do {
    const { items, metadata } = await client.list(resource, { limit: PAGE, ...(next && { continue: next }), signal });
    for (const object of items) if (Number(object.metadata?.resourceVersion) <= until) await rewrite(request, resource, object);
    next = metadata?.continue;
  } while (next);
  await setCondition(request, migration, { type: 'Succeeded', status: 'True', reason: 'StorageVersionMigrationSucceeded', message: '' });
}

/**
 * Applies nothing to the object in the very state that was seen: where it is stored as it should be, nothing happens. A conflict means that somebody has
 * written it since, removed it, or made another one of its name: all of that needs no migration.
 */
async function rewrite({ client, signal }: ReconcileRequest, resource: ResourceDefinition, { metadata }: KubeObject): Promise<void> {
  const { name = '', namespace, uid, resourceVersion } = metadata ?? {};
  const nothing = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: { uid, resourceVersion } };
  try {
    await client.patch(resource, name, 'apply', nothing, { namespace, fieldManager: FIELD_MANAGER, signal });
  } catch (error) {
    if (isConflict(error)) return;
    if (!(error instanceof ApiError) || RETRIED.has(error.reason)) throw error;
    throw new MigrationFailed(`migration encountered unhandled error: ${error.message}`, { cause: error });
  }
}

/** `status` of the CustomResourceDefinition behind the resource, where there is one. */
async function tellDefinition({ client, key, signal }: ReconcileRequest, status: (crd: CustomResourceDefinition) => object): Promise<void> {
  if (!key.includes('.')) return;
  try {
    const crd = await client.get(customResourceDefinitions, key, { signal });
    const { uid, resourceVersion } = crd.metadata ?? {};
    const body = { metadata: { uid, resourceVersion }, status: status(crd) };
    await client.patch(customResourceDefinitions, key, 'merge', body, {
      subresource: 'status',
      fieldManager: 'migration-runner-controller',
      signal,
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

const setCondition = (request: ReconcileRequest, migration: Migration, condition: Omit<Condition, 'lastTransitionTime'>): Promise<void> =>
  writeStatus(request, migration, {
    ...migration.status,
    conditions: withCondition(migration, condition, rfc3339(request.clock.now())),
  });

/** Over the very state that was seen; a migration that was deleted meanwhile needs none. */
async function writeStatus({ client, signal }: ReconcileRequest, migration: Migration, status: Migration['status']): Promise<void> {
  try {
    await client.update(storageVersionMigrations, { ...migration, status }, { subresource: 'status', signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
