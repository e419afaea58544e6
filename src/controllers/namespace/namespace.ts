import { namespaces } from '../../api/core/namespace.ts';
import { type ResourceDefinition, resourceId } from '../../api/define.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { Namespace } from '../../api/schema/generated/types.ts';
import type { Controller, ReconcileRequest } from '../../client/controller.ts';
import { canonical } from '../lib/template-hash-plan.ts';
import { planFinalization, type Remains } from './namespace-plan.ts';

const FINALIZER = 'kubernetes';
/** Content goes in its own time (graceful pods, finalizers of others): looked at again soon at first, and every 8.5 s (upstream) when it takes long. */
const RECHECK_MS = { least: 1_000, most: 8_500 };

/** Empties namespaces that are being deleted, then lets them go. `resources`: asked anew each time, so that custom resources count as well. */
export function namespace({ resources }: { resources: () => readonly ResourceDefinition[] }): Controller {
  return {
    name: 'namespace',
    reads: ['namespaces'],
    writes: ['*'],
    workers: 8,
    async reconcile(request) {
      const object = request.informer(namespaces).get(request.key);
      if (!object?.metadata?.deletionTimestamp || !object.spec?.finalizers?.includes(FINALIZER)) return undefined;
      const remains = await emptyInOrder(contentOf(resources()), request);
      const plan = planFinalization(object.status?.conditions, remains, request.clock.now());
      const current = await writeConditions(object, plan.conditions, request);
      const waitedMs = request.clock.now() - Date.parse(object.metadata.deletionTimestamp);
      if (!plan.finalize) return { afterMs: Math.min(RECHECK_MS.most, Math.max(RECHECK_MS.least, waitedMs / 4)) };
      await finalize(current, request);
      return undefined;
    },
  };
}

/** Each stored kind once, whatever the number of versions that it is served in. */
function contentOf(resources: readonly ResourceDefinition[]): ResourceDefinition[] {
  const isContent = (r: ResourceDefinition) =>
    r.scope === 'Namespaced' && !r.storedAs && r.persistence !== 'none' && r.verbs.includes('list') && r.verbs.includes('delete');
  return [...new Map(resources.filter(isContent).map((r) => [resourceId(r), r])).values()];
}

/** Pods go first, and all else once they are gone: what runs must not lose the NetworkPolicies and Secrets that it runs under (KEP-5080). */
async function emptyInOrder(content: readonly ResourceDefinition[], request: ReconcileRequest): Promise<Remains[]> {
  const pods = await Promise.all(content.filter((r) => resourceId(r) === 'pods').map((resource) => empty(resource, request)));
  if (pods.some((remains) => remains.count > 0 || remains.error)) return pods;
  return Promise.all(content.filter((r) => resourceId(r) !== 'pods').map((resource) => empty(resource, request)));
}

/** Asks for the deletion of all objects of a kind and counts what is still there afterwards. */
async function empty(resource: ResourceDefinition, { client, key: namespace, signal }: ReconcileRequest): Promise<Remains> {
  const id = resourceId(resource);
  try {
    const before = await client.list(resource, { namespace, signal });
    if (before.items.length === 0) return { resource: id, count: 0, finalizers: new Map() };
    const waiting = before.items.filter((object) => !object.metadata?.deletionTimestamp);
    if (waiting.length > 0 && resource.verbs.includes('deletecollection')) {
      await client.deleteCollection(resource, { namespace, delete: { propagationPolicy: 'Background' }, signal });
    } else {
      for (const object of waiting) await deleteOne(resource, object, namespace, { client, signal });
    }
    const after = await client.list(resource, { namespace, signal });
    return { resource: id, count: after.items.length, finalizers: countFinalizers(after.items) };
  } catch (error) {
    if (signal.aborted) throw error;
    return { resource: id, count: 0, finalizers: new Map(), error: error instanceof Error ? error.message : String(error) };
  }
}

async function deleteOne(
  resource: ResourceDefinition,
  object: KubeObject,
  namespace: string,
  { client, signal }: Pick<ReconcileRequest, 'client' | 'signal'>,
): Promise<void> {
  const options = { namespace, delete: { propagationPolicy: 'Background' as const }, signal };
  await client.delete(resource, object.metadata?.name ?? '', options).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
}

function countFinalizers(objects: readonly KubeObject[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const finalizer of objects.flatMap((o) => o.metadata?.finalizers ?? [])) counts.set(finalizer, (counts.get(finalizer) ?? 0) + 1);
  return counts;
}

async function writeConditions(
  object: Namespace,
  conditions: NonNullable<Namespace['status']>['conditions'],
  { client, signal }: ReconcileRequest,
): Promise<Namespace> {
  const status = { ...object.status, phase: 'Terminating', conditions };
  if (canonical(status) === canonical(object.status)) return object;
  return client.update(namespaces, { ...object, status }, { subresource: 'status', signal });
}

async function finalize(object: Namespace, { client, signal }: ReconcileRequest): Promise<void> {
  const finalizers = (object.spec?.finalizers ?? []).filter((f) => f !== FINALIZER);
  await client
    .update(namespaces, { ...object, spec: { ...object.spec, finalizers } }, { subresource: 'finalize', signal })
    .catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
}
