import { CLEANUP_FINALIZER, type CrdCondition, isCrdConditionTrue, withCrdCondition } from '../../api/apiextensions/crd-conditions.ts';
import { customResourceDefinitions } from '../../api/apiextensions/custom-resource-definition.ts';
import { isConflict, isNotFound } from '../../api/meta/status.ts';
import type { CustomResourceDefinition } from '../../api/schema/generated/types.ts';
import { isAbort } from '../../base/abort.ts';
import { rfc3339 } from '../../base/clock.ts';
import { copyJson } from '../registry/copy.ts';
import { removeCollection } from '../registry/delete.ts';
import type { Resource } from '../registry/resources.ts';
import { CRDS, type CustomResourcesOptions, SERVER } from './crds.ts';

type Options = CustomResourcesOptions & { readonly signal: AbortSignal };

const RECHECK_MS = 100;
const RECHECK_LATER_MS = 1_000;
/** After this many looks instances wait for finalizers of somebody else. */
const QUICK_LOOKS = 20;

/**
 * Removes the instances of a definition that is being deleted, waits until their own finalizers let them go, then lets the definition go. Never rejects: what fails is told in
 * the Terminating condition and tried again.
 */
export async function cleanUp(crd: CustomResourceDefinition, options: Options): Promise<void> {
  const { signal, log, clock } = options;
  const name = crd.metadata?.name ?? '';
  try {
    const instances = options.deps.resources.instances(crd.spec.group, crd.spec.names.plural);
    if (!isCrdConditionTrue(crd, 'Established') || !instances) {
      await finish(name, { status: 'False', reason: 'NeverEstablished', message: 'resource was never established' }, options);
      return;
    }
    await tell(name, { status: 'True', reason: 'InstanceDeletionInProgress', message: 'CustomResource deletion is in progress' }, options);
    await removeAll(instances, options);
    await finish(name, { status: 'False', reason: 'InstanceDeletionCompleted', message: 'removed all instances' }, options);
  } catch (error) {
    if (isAbort(error, signal)) return;
    const message = error instanceof Error ? error.message : String(error);
    log.warn({ crd: name, error: message }, 'instances could not be removed, will retry');
    const failed = { status: 'True', reason: 'InstanceDeletionFailed', message: `could not issue all deletes: ${message}` };
    await tell(name, failed, options).catch(() => {});
    await clock.sleep(RECHECK_LATER_MS, { signal }).catch(() => {});
  }
}

async function removeAll(instances: Resource, { deps, clock, signal }: Options): Promise<void> {
  const { definition, collection } = instances;
  const { group, version, plural } = definition;
  const request = { verb: 'deletecollection', group, version, resource: plural } as const;
  for (let looks = 0; collection.size > 0; looks += 1) {
    const fresh = collection.list().items.some(({ object }) => !object.metadata?.deletionTimestamp);
    if (fresh) await removeCollection(deps, instances, request, { user: SERVER, userAgent: 'kube-apiserver', signal, warn() {} });
    if (collection.size === 0) return;
    await clock.sleep(looks < QUICK_LOOKS ? RECHECK_MS : RECHECK_LATER_MS, { signal });
  }
}

type Verdict = Omit<CrdCondition, 'type'>;

async function finish(name: string, verdict: Verdict, options: Options): Promise<void> {
  await tell(name, verdict, options);
  await change(name, options, '', (crd) => ({
    ...crd,
    metadata: { ...crd.metadata, finalizers: crd.metadata?.finalizers?.filter((finalizer) => finalizer !== CLEANUP_FINALIZER) },
  }));
}

const tell = (name: string, verdict: Verdict, options: Options): Promise<void> =>
  change(name, options, 'status', (crd) => {
    const conditions = withCrdCondition(crd.status?.conditions, { type: 'Terminating', ...verdict }, rfc3339(options.clock.now()));
    return { ...crd, status: { ...crd.status, conditions } };
  });

/** Changes the definition as it is now; again when somebody else wrote in between. */
async function change(
  name: string,
  { objects, registry, signal }: Options,
  subresource: '' | 'status',
  make: (crd: CustomResourceDefinition) => CustomResourceDefinition,
): Promise<void> {
  const { group, version, plural } = customResourceDefinitions;
  while (!signal.aborted) {
    const crd = objects.get<CustomResourceDefinition>(CRDS, '', name);
    if (!crd?.metadata?.deletionTimestamp) return;
    const target = { group, version, resource: plural, name, ...(subresource && { subresource }) };
    try {
      await registry.answer(
        { ...target, verb: 'update', body: copyJson(make(crd)) },
        { user: SERVER, userAgent: 'kube-apiserver', signal, warn() {} },
      );
      return;
    } catch (error) {
      if (isNotFound(error)) return;
      if (!isConflict(error)) throw error;
    }
  }
}
