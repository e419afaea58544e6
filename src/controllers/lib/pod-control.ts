import { pods } from '../../api/core/pod.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { ApiError, isNotFound } from '../../api/meta/status.ts';
import type { Pod, PodTemplateSpec } from '../../api/schema/generated/types.ts';
import type { ReconcileRequest } from '../../client/controller.ts';
import { ownerReference } from './ownership-plan.ts';
import { slowStart } from './slow-start-plan.ts';

/** An owner as events and owner references name it: objects out of lists do not say their kind. */
export type NamedOwner = KubeObject & { readonly apiVersion: string; readonly kind: string };

export interface Failure {
  readonly error: unknown;
}

/** A pod of the template, owned and named after its owner. */
export function podOf(owner: NamedOwner, { metadata, spec }: PodTemplateSpec): Pod {
  const { namespace, name } = owner.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels: metadata?.labels,
      annotations: metadata?.annotations,
      finalizers: metadata?.finalizers,
      ownerReferences: [ownerReference(owner, owner.apiVersion, owner.kind)],
    },
    spec,
  };
}

/** Creates pods in growing batches and tells each in an event; stops after the first batch in which one fails, and gives that failure. */
export async function createPods(owner: NamedOwner, wanted: readonly Pod[], request: ReconcileRequest): Promise<Failure | undefined> {
  let done = 0;
  for (const batch of slowStart(wanted.length)) {
    const failed = await firstFailure(wanted.slice(done, done + batch).map((pod) => createPod(owner, pod, request)));
    if (failed) return failed;
    done += batch;
  }
  return undefined;
}

async function createPod(owner: NamedOwner, pod: Pod, { client, event, signal }: ReconcileRequest): Promise<void> {
  const { namespace } = owner.metadata ?? {};
  try {
    const created = await client.create(pods, pod, { namespace, signal });
    event(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata?.name}`);
  } catch (error) {
    if (!isNamespaceGoing(error)) event(owner, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`);
    throw error;
  }
}

/** Deletes all of them and tells each in an event; gives the first failure. Pods that are gone already are none. */
export const deletePods = (owner: NamedOwner, unwanted: readonly Pod[], request: ReconcileRequest): Promise<Failure | undefined> =>
  firstFailure(unwanted.map((pod) => deletePod(owner, pod, request)));

async function deletePod(owner: NamedOwner, pod: Pod, { client, event, signal }: ReconcileRequest): Promise<void> {
  const { namespace, name = '', uid } = pod.metadata ?? {};
  try {
    await client.delete(pods, name, { namespace, delete: { preconditions: { uid } }, signal });
    event(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
  } catch (error) {
    if (isNotFound(error)) return;
    event(owner, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`);
    throw error;
  }
}

async function firstFailure(work: readonly Promise<void>[]): Promise<Failure | undefined> {
  const failed = (await Promise.allSettled(work)).find((result) => result.status === 'rejected');
  return failed && { error: failed.reason };
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** An answer of the API with what was tried before its words; it stays what it is. Other errors are as they were. */
export const explained = (error: unknown, prefix: string): unknown =>
  error instanceof ApiError
    ? new ApiError(error.reason, `${prefix}${error.message}`, { details: error.details, code: error.code, cause: error })
    : error;

/** The namespace is being deleted and takes nothing new: no failure of the one who tried. */
export const isNamespaceGoing = (error: unknown): boolean =>
  error instanceof ApiError && (error.details?.causes?.some((c) => c.reason === 'NamespaceTerminating') ?? false);
