import { endpointSlices } from '../../api/index.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { ReconcileRequest } from '../../client/controller.ts';
import { explained, isNamespaceGoing } from './pod-control.ts';
import type { SlicePlan } from './slice-packing-plan.ts';

/**
 * Writes what a plan for the EndpointSlices of a Service asks for. In a namespace that is being deleted nothing is made any more. Rejects with ApiError, which
 * says in upstream's words what could not be done.
 */
export async function applySlices(plan: SlicePlan, namespace: string, { client, key, signal }: ReconcileRequest): Promise<void> {
  const failed = (what: string) => (error: unknown) => {
    throw explained(error, `failed to ${what}EndpointSlice for Service ${key}: `);
  };
  try {
    for (const slice of plan.create) await client.create(endpointSlices, slice, { namespace, signal }).catch(failed('create '));
  } catch (error) {
    if (isNamespaceGoing(error)) return;
    throw error;
  }
  for (const slice of plan.update)
    await client.update(endpointSlices, slice, { namespace, signal }).catch(failed(`update ${slice.metadata?.name} `));
  for (const slice of plan.remove) {
    const name = slice.metadata?.name ?? '';
    await client.delete(endpointSlices, name, { namespace, signal }).catch((error: unknown) => {
      if (!isNotFound(error)) failed(`delete ${name} `)(error);
    });
  }
}
