import { pods } from '../../api/core/pod.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { notFound } from '../../api/meta/status.ts';
import { podDisruptionBudgets } from '../../api/policy/pod-disruption-budget.ts';
import type { Pod, PodDisruptionBudget } from '../../api/schema/generated/types.ts';
import type { ApiRequest, DeleteOptions } from '../../api/transport.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { RequestContext } from '../ports.ts';
import { admitCreation } from '../registry/admit.ts';
import { type Answer, success } from '../registry/answer.ts';
import type { Draft } from '../registry/body.ts';
import { changeObject } from '../registry/change.ts';
import { copyObject } from '../registry/copy.ts';
import { remove } from '../registry/delete.ts';
import { badRequest, noSuchResource } from '../registry/errors.ts';
import type { SubresourceDeps } from '../registry/registry.ts';
import { keyOf, type Resource } from '../registry/resources.ts';
import { planEviction } from './eviction-plan.ts';

interface Eviction extends KubeObject {
  deleteOptions?: DeleteOptions;
}

/** POST pods/NAME/eviction (policy/v1): a delete that disruption budgets may refuse with 429. */
export async function evictPod(request: ApiRequest, context: RequestContext, deps: SubresourceDeps): Promise<Answer> {
  const eviction = (request.body ?? {}) as Eviction;
  const { name = '', namespace = '' } = request;
  if (eviction.metadata?.name && eviction.metadata.name !== name) throw badRequest('name in URL does not match name in Eviction object');
  const podResource = deps.resources.byId('pods');
  const budgetResource = deps.resources.byId('poddisruptionbudgets.policy');
  if (!podResource || !budgetResource) throw noSuchResource();
  const pod = podResource.collection.get(keyOf(podResource, namespace, name))?.object as Pod | undefined;
  if (!pod) throw notFound(pods, name);
  const budgets = budgetResource.collection.list({ prefix: `${budgetResource.prefix}${namespace}/` });
  const asked = { ...eviction, apiVersion: 'policy/v1', kind: 'Eviction', metadata: { ...eviction.metadata, name, namespace } };
  await admitCreation(deps, request, context, asked);
  const plan = planEviction(
    pod,
    budgets.items.map((item) => item.object as PodDisruptionBudget),
  );
  if (plan.do === 'refuse') throw plan.error;
  const dryRun = request.options?.dryRun || eviction.deleteOptions?.dryRun?.includes('All');
  const { name: budgetName = '' } = (plan.do === 'count' && plan.budget.metadata) || {};
  const options = { ...request.options, dryRun };
  if (plan.do === 'count') await countDisruption(deps, budgetResource, context, { namespace, pod, budget: budgetName, dryRun });
  if (!pod.metadata?.deletionTimestamp) await noteEviction(deps, podResource, { ...request, options }, context);
  const deletion: ApiRequest = { ...request, verb: 'delete', group: '', version: 'v1', resource: 'pods', subresource: undefined, options };
  await remove(deps, podResource, { ...deletion, body: asked.deleteOptions }, context, { admitted: true });
  return { kind: 'status', status: { ...success(undefined), code: 201 } };
}

interface Disruption {
  readonly namespace: string;
  readonly pod: Pod;
  readonly budget: string;
  readonly dryRun: boolean | undefined;
}

/** Takes one disruption off the budget before the pod goes; a lost race plans again. */
async function countDisruption(deps: SubresourceDeps, resource: Resource, context: RequestContext, disruption: Disruption): Promise<void> {
  const { namespace, pod, budget, dryRun } = disruption;
  const { group, version, plural } = podDisruptionBudgets;
  const make = (old: KubeObject): Draft => {
    const again = planEviction(pod, [old as PodDisruptionBudget]);
    if (again.do === 'refuse') throw again.error;
    const draft = copyObject(old) as PodDisruptionBudget & Draft;
    const {
      disruptionsAllowed = 0,
      disruptedPods = {},
      ...rest
    } = draft.status ?? ({} as Partial<NonNullable<PodDisruptionBudget['status']>>);
    const now = rfc3339(deps.clock.now());
    draft.status = {
      ...rest,
      disruptionsAllowed: disruptionsAllowed - 1,
      disruptedPods: { ...disruptedPods, [pod.metadata?.name ?? '']: now },
    } as never;
    return draft;
  };
  const request: ApiRequest = { verb: 'update', group, version, resource: plural, namespace, name: budget, options: { dryRun } };
  await changeObject(deps, { resource, request, context, name: budget, subresource: 'status', make, admitted: true, ownership: 'kept' });
}

/** The pod says why it goes (KEP-3329). */
async function noteEviction(deps: SubresourceDeps, resource: Resource, request: ApiRequest, context: RequestContext): Promise<void> {
  const lastTransitionTime = rfc3339(deps.clock.now());
  const why = { reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' };
  const make = (old: KubeObject): Draft => {
    const pod = copyObject(old) as Pod & Draft;
    const others = pod.status?.conditions?.filter(({ type }) => type !== 'DisruptionTarget') ?? [];
    pod.status = { ...pod.status, conditions: [...others, { type: 'DisruptionTarget', status: 'True', lastTransitionTime, ...why }] };
    delete pod.metadata.resourceVersion;
    return pod;
  };
  await changeObject(deps, {
    resource,
    request,
    context,
    name: request.name ?? '',
    subresource: 'status',
    make,
    admitted: true,
    ownership: 'kept',
  });
}
