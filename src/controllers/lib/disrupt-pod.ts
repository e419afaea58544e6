import { pods } from '../../api/core/pod.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { Pod } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { ReconcileRequest } from '../../client/controller.ts';

/** Says why on the pod (KEP-3329), then deletes it: this one, and no other that has got its name meanwhile. */
export async function disruptPod(
  pod: Pod,
  { client, clock, signal }: ReconcileRequest,
  why: { readonly reason: string; readonly message: string },
): Promise<void> {
  const { name = '', namespace, uid } = pod.metadata ?? {};
  const condition = { type: 'DisruptionTarget', status: 'True', ...why, lastTransitionTime: rfc3339(clock.now()) };
  try {
    const patch = { metadata: { uid }, status: { conditions: [condition] } };
    await client.patch(pods, name, 'strategic', patch, { namespace, subresource: 'status', signal });
    await client.delete(pods, name, { namespace, delete: { preconditions: { uid } }, signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
