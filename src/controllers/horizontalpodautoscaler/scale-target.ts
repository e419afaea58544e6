import type { ResourceDefinition } from '../../api/define.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import type { V2CrossVersionObjectReference } from '../../api/schema/generated/types.ts';
import type { ReconcileRequest } from '../../client/controller.ts';
import { retryOnConflict } from '../../client/retry-on-conflict.ts';

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

/** Rejects with ApiError, also when somebody else keeps changing the target between reading and writing: then the next pass will do. */
export async function writeReplicas(target: ScaleTarget, replicas: number, { client, namespace, signal }: Asking): Promise<void> {
  const options = { namespace, subresource: 'scale', signal };
  let known: Scale | undefined = target.scale;
  await retryOnConflict(async () => {
    const scale = known ?? (await client.get(target.resource, target.scale.metadata?.name ?? '', options));
    known = undefined;
    await client.update(target.resource, { ...scale, spec: { ...scale.spec, replicas } }, options);
  });
}
