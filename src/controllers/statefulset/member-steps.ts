import { persistentVolumeClaims } from '../../api/core/persistent-volume-claim.ts';
import { pods } from '../../api/core/pod.ts';
import { isAlreadyExists, isNotFound } from '../../api/meta/status.ts';
import type { PersistentVolumeClaim, Pod, StatefulSet } from '../../api/schema/generated/types.ts';
import { unreachable } from '../../base/unreachable.ts';
import type { ReconcileRequest } from '../../client/controller.ts';
import { explained, type Failure, isNamespaceGoing, messageOf } from '../lib/pod-control.ts';
import { slowStart } from '../lib/slow-start-plan.ts';
import type { MemberStep } from './statefulset-plan.ts';

/** Takes the steps in growing batches; stops after the first batch in which one fails, and gives that failure. */
export async function takeSteps(set: StatefulSet, steps: readonly MemberStep[], request: ReconcileRequest): Promise<Failure | undefined> {
  let done = 0;
  for (const batch of slowStart(steps.length)) {
    const results = await Promise.allSettled(steps.slice(done, done + batch).map((step) => take(set, step, request)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) return isNamespaceGoing(failed.reason) ? undefined : { error: failed.reason };
    done += batch;
  }
  return undefined;
}

async function take(set: StatefulSet, step: MemberStep, request: ReconcileRequest): Promise<void> {
  const { client, signal } = request;
  const { namespace, name = '', uid } = step.pod.metadata ?? {};
  const options = { namespace, signal };
  switch (step.do) {
    case 'create':
      return tellPod('create', set, step.pod, request, async () => {
        for (const claim of step.claims) await createClaim(set, step.pod, claim, request);
        await client.create(pods, step.pod, options);
      });
    case 'wait':
      return tellPod('create', set, step.pod, request, () => Promise.reject(new Error(`pvc ${step.claimGoing} is being deleted`)));
    case 'create-claims':
      for (const claim of step.claims) await createClaim(set, step.pod, claim, request);
      return undefined;
    case 'update-claim':
      return updateClaim(set, step, request);
    case 'update':
      return tellPod('update', set, step.pod, request, () => client.update(pods, step.pod, options));
    case 'delete':
      return tellPod('delete', set, step.pod, request, () =>
        client.delete(pods, name, { ...options, delete: { preconditions: { uid } } }).catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        }),
      );
    default:
      return unreachable(step);
  }
}

type PodVerb = 'create' | 'update' | 'delete';
const capital = (verb: string) => `${verb.charAt(0).toUpperCase()}${verb.slice(1)}`;

async function tellPod(
  verb: PodVerb,
  set: StatefulSet,
  pod: Pod,
  { event }: ReconcileRequest,
  work: () => Promise<unknown>,
): Promise<void> {
  const what = `${capital(verb)} Pod ${pod.metadata?.name} in StatefulSet ${set.metadata?.name}`;
  const about = named(set);
  try {
    await work();
    event(about, 'Normal', `Successful${capital(verb)}`, `${what} successful`);
  } catch (error) {
    // A pod of that name that is not the set's own, or one that the cache does not show yet: the next run sees it.
    const isQuiet = (verb === 'create' && isAlreadyExists(error)) || isNamespaceGoing(error);
    if (!isQuiet) event(about, 'Warning', `Failed${capital(verb)}`, `${what} failed error: ${messageOf(error)}`);
    throw error;
  }
}

/** Told as an update of the pod; of one that is to go only when it fails. */
async function updateClaim(
  set: StatefulSet,
  { pod, claim, isCondemned }: Extract<MemberStep, { do: 'update-claim' }>,
  request: ReconcileRequest,
): Promise<void> {
  const work = () =>
    request.client
      .update(persistentVolumeClaims, claim, { namespace: claim.metadata?.namespace, signal: request.signal })
      .catch((error: unknown) => {
        if (isNotFound(error)) return;
        throw explained(error, `could not update claim ${claim.metadata?.name} for delete policy ownerRefs: `);
      });
  if (isCondemned) await work();
  else await tellPod('update', set, pod, request, work);
}

async function createClaim(
  set: StatefulSet,
  pod: Pod,
  claim: PersistentVolumeClaim,
  { client, event, signal }: ReconcileRequest,
): Promise<void> {
  const { namespace, name } = claim.metadata ?? {};
  const about = named(set);
  const whose = `Pod ${pod.metadata?.name} in StatefulSet ${set.metadata?.name}`;
  try {
    await client.create(persistentVolumeClaims, claim, { namespace, signal });
    event(about, 'Normal', 'SuccessfulCreate', `Create Claim ${name} ${whose} success`);
  } catch (error) {
    if (isAlreadyExists(error)) return;
    event(about, 'Warning', 'FailedCreate', `Create Claim ${name} for ${whose} failed error: ${messageOf(error)}`);
    throw explained(error, `failed to create PVC ${name}: `);
  }
}

/** Objects out of lists do not say their kind. */
export const named = (set: StatefulSet): StatefulSet => ({ ...set, apiVersion: 'apps/v1', kind: 'StatefulSet' });
