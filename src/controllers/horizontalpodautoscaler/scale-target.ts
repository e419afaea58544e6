import type { ResourceDefinition } from '../../api/define.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { isConflict } from '../../api/meta/status.ts';
import type { V2CrossVersionObjectReference } from '../../api/schema/generated/types.ts';
import type { ReconcileRequest } from '../../client/controller.ts';

/** autoscaling/v1 Scale of anything that has one. */
export type Scale = KubeObject & { spec?: { replicas?: number }; status?: { replicas?: number; selector?: string } };

export interface ScaleTarget {
  readonly resource: ResourceDefinition<Scale>;
  readonly scale: Scale;
}

type Asking = Pick<ReconcileRequest, 'client' | 'signal'> & { readonly namespace: string };

/** Throws in the words of upstream's client. */
function groupOf(apiVersion = ''): string {
  const parts = apiVersion.split('/');
  if (parts.length > 2) throw new Error(`unexpected GroupVersion string: ${apiVersion}`);
  return parts.length === 2 ? (parts[0] ?? '') : '';
}

/** The size of what the reference names, of whatever kind, custom ones too; the version in the reference does not matter. Rejects with an Error that says why not. */
export async function readScale(
  { apiVersion, kind, name }: V2CrossVersionObjectReference,
  kinds: readonly ResourceDefinition[],
  { client, namespace, signal }: Asking,
): Promise<ScaleTarget> {
  const group = groupOf(apiVersion);
  const found = kinds.find((each) => each.group === group && each.kind === kind && each.persistence !== 'none');
  if (!found) throw new Error(`no matches for kind ${JSON.stringify(kind)} in group ${JSON.stringify(group)}`);
  const resource = found as ResourceDefinition<Scale>;
  return { resource, scale: await client.get(resource, name, { namespace, subresource: 'scale', signal }) };
}

/** Somebody else changed the target between reading and writing so many times in a row: then the next pass will do. */
const ATTEMPTS = 5;

/** Rejects with ApiError. */
export async function writeReplicas(target: ScaleTarget, replicas: number, { client, namespace, signal }: Asking): Promise<void> {
  const options = { namespace, subresource: 'scale', signal };
  let { scale } = target;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.update(target.resource, { ...scale, spec: { ...scale.spec, replicas } }, options);
      return;
    } catch (error) {
      if (!isConflict(error) || attempt === ATTEMPTS) throw error;
      scale = await client.get(target.resource, scale.metadata?.name ?? '', options);
    }
  }
}
