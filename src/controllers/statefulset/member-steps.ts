import { persistentVolumeClaims } from '../../api/core/persistent-volume-claim.ts';
import { pods } from '../../api/core/pod.ts';
import { isAlreadyExists, isNotFound } from '../../api/meta/status.ts';
import type { PersistentVolumeClaim, Pod, StatefulSet } from '../../api/schema/generated/types.ts';
import { unreachable } from '../../base/unreachable.ts';
import type { ReconcileRequest } from '../../client/controller.ts';
import { type Failure, isNamespaceGoing, messageOf } from '../lib/pod-control.ts';
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
    case 'create-claims':
      for (const claim of step.claims) await createClaim(set, step.pod, claim, request);
      return undefined;
    case 'update-claim':
      return tellFailedUpdate(set, step.pod, request, () => client.update(persistentVolumeClaims, step.claim, options));
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
  const what = `${verb} Pod ${pod.metadata?.name} in StatefulSet ${set.metadata?.name}`;
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

async function tellFailedUpdate(set: StatefulSet, pod: Pod, { event }: ReconcileRequest, work: () => Promise<unknown>): Promise<void> {
  await work().catch((error: unknown) => {
    if (isNotFound(error)) return;
    const what = `update Pod ${pod.metadata?.name} in StatefulSet ${set.metadata?.name}`;
    event(named(set), 'Warning', 'FailedUpdate', `${what} failed error: ${messageOf(error)}`);
    throw error;
  });
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
    event(about, 'Normal', 'SuccessfulCreate', `create Claim ${name} ${whose} success`);
  } catch (error) {
    if (isAlreadyExists(error)) return;
    event(about, 'Warning', 'FailedCreate', `create Claim ${name} for ${whose} failed error: ${messageOf(error)}`);
    throw error;
  }
}

/** Objects out of lists do not say their kind. */
const named = (set: StatefulSet): StatefulSet => ({ ...set, apiVersion: 'apps/v1', kind: 'StatefulSet' });
