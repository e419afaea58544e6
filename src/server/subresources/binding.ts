import { bindings } from '../../api/core/binding.ts';
import { fieldErrorText, notSupported, required } from '../../api/meta/field-error.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import type { Binding, Pod } from '../../api/schema/generated/types.ts';
import type { ApiRequest } from '../../api/transport.ts';
import { rfc3339 } from '../../base/clock.ts';
import { goAggregate } from '../../base/go-aggregate.ts';
import type { RequestContext } from '../ports.ts';
import { admitCreation } from '../registry/admit.ts';
import { type Answer, success } from '../registry/answer.ts';
import type { Draft } from '../registry/body.ts';
import { changeObject } from '../registry/change.ts';
import { copyObject } from '../registry/copy.ts';
import { badRequest, conflict, noSuchResource, unknownError } from '../registry/errors.ts';
import type { SubresourceDeps } from '../registry/registry.ts';
import { sentObject } from './sent.ts';

/** POST pods/NAME/binding, and POST bindings: the scheduler gives a pod its node. Conflict when the pod has one, or is going. */
export async function bindPod(request: ApiRequest, context: RequestContext, deps: SubresourceDeps): Promise<Answer> {
  const resource = deps.resources.byId('pods');
  if (!resource) throw noSuchResource();
  const binding = sentObject(bindings, request, context, deps);
  const name = request.name ?? binding.metadata.name;
  if (!name) throw badRequest('Name parameter required.');
  if (binding.metadata.name !== name) throw badRequest('name in URL does not match name in Binding object');
  checkTarget(binding);
  const metadata = { ...binding.metadata, name, namespace: request.namespace };
  const asked: Binding = { ...binding, apiVersion: 'v1', kind: 'Binding', metadata };
  await admitCreation(deps, { ...request, name }, context, asked);
  const make = (old: KubeObject) => bound(old as Pod, asked, rfc3339(deps.clock.now()));
  await changeObject(deps, { resource, request, context, name, subresource: 'binding', make, admitted: true, ownership: 'kept' });
  return { kind: 'status', status: { ...success(undefined), code: 201 } };
}

/** Upstream gives no reason for these (ValidatePodBinding). */
function checkTarget({ target }: Binding): void {
  const { kind, name } = target ?? {};
  const findings = [
    ...(kind && kind !== 'Node' ? [notSupported('target.kind', kind, ['Node', '<empty>'])] : []),
    ...(name ? [] : [required('target.name')]),
  ].map(fieldErrorText);
  if (findings.length === 0) return;
  throw unknownError(goAggregate(findings));
}

function bound(old: Pod, binding: Binding, now: string): Draft {
  const name = old.metadata?.name ?? '';
  const refuse = (why: string) => conflict({ group: '', plural: 'pods/binding' }, name, why);
  if (old.metadata?.deletionTimestamp) throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (old.spec?.nodeName) throw refuse(`pod ${name} is already assigned to node "${old.spec.nodeName}"`);
  if (old.spec?.schedulingGates?.length) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
  const pod = copyObject(old) as Pod & Draft;
  const { uid, resourceVersion, annotations, labels } = binding.metadata ?? {};
  pod.metadata = { ...pod.metadata, uid: uid ?? pod.metadata.uid, resourceVersion };
  if (annotations) pod.metadata.annotations = { ...pod.metadata.annotations, ...annotations };
  if (labels) pod.metadata.labels = { ...pod.metadata.labels, ...labels };
  pod.spec = { ...(pod.spec as NonNullable<Pod['spec']>), nodeName: binding.target.name };
  const scheduled = { type: 'PodScheduled', status: 'True', lastTransitionTime: now };
  // The nomination has served its purpose (KEP-5278).
  const { nominatedNodeName: _, conditions = [], ...status } = pod.status ?? {};
  pod.status = { ...status, conditions: [...conditions.filter(({ type }) => type !== 'PodScheduled'), scheduled] };
  return pod;
}
