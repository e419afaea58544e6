import { endpointSlices } from '../../api/index.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { ReconcileRequest } from '../../client/controller.ts';
import { isNamespaceGoing } from './pod-control.ts';
import type { SlicePlan } from './slice-packing-plan.ts';

/** Writes what a plan for EndpointSlices asks for. In a namespace that is being deleted nothing is made any more. */
export async function applySlices(plan: SlicePlan, namespace: string, { client, signal }: ReconcileRequest): Promise<void> {
  try {
    for (const slice of plan.create) await client.create(endpointSlices, slice, { namespace, signal });
  } catch (error) {
    if (isNamespaceGoing(error)) return;
    throw error;
  }
  for (const slice of plan.update) await client.update(endpointSlices, slice, { namespace, signal });
  for (const slice of plan.remove) {
    await client.delete(endpointSlices, slice.metadata?.name ?? '', { namespace, signal }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }
}
