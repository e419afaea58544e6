import { pods } from '../../api/core/pod.ts';
import { defineResource } from '../../api/define.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { isConflict, notFound } from '../../api/meta/status.ts';
import { withAllowance } from '../../api/policy/disruption-condition.ts';
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
import { checkPreconditions } from '../registry/preconditions.ts';
import type { SubresourceDeps } from '../registry/registry.ts';
import { keyOf, type Resource } from '../registry/resources.ts';
import { planEviction } from './eviction-plan.ts';
import { sentObject } from './sent.ts';

interface Eviction extends KubeObject {
  deleteOptions?: DeleteOptions;
}

const EVICTION = defineResource<Eviction>({ group: 'policy', version: 'v1', kind: 'Eviction', plural: 'evictions', scope: 'Namespaced' });

/** Evictions are taken in the version as well that they had at first, and that says the same. */
function inNewVersion(request: ApiRequest): ApiRequest {
  const body = request.body as Eviction | undefined;
  return body?.apiVersion === 'policy/v1beta1' && body.kind === 'Eviction'
    ? { ...request, body: { ...body, apiVersion: 'policy/v1' } }
    : request;
}

/** Tries of an eviction that is allowed by the pod's state, when that changes in between. */
const TRIES = 20;

/** POST pods/NAME/eviction (policy/v1): a delete that disruption budgets may refuse with 429. */
export async function evictPod(request: ApiRequest, context: RequestContext, deps: SubresourceDeps): Promise<Answer> {
  const eviction = sentObject(EVICTION, inNewVersion(request), context, deps);
  const { name = '', namespace = '' } = request;
  if (eviction.metadata.name !== name) throw badRequest('name in URL does not match name in Eviction object');
  const podResource = deps.resources.byId('pods');
  const budgetResource = deps.resources.byId('poddisruptionbudgets.policy');
  if (!podResource || !budgetResource) throw noSuchResource();
  if (!podResource.collection.get(keyOf(podResource, namespace, name))) throw notFound(pods, name);
  const asked = { ...eviction, apiVersion: 'policy/v1', kind: 'Eviction', metadata: { ...eviction.metadata, name, namespace } };
  await admitCreation(deps, request, context, asked);
  const dryRun = request.options?.dryRun || eviction.deleteOptions?.dryRun?.includes('All');
  const work: Work = { deps, context, podResource, budgetResource, request: { ...request, options: { ...request.options, dryRun } } };
  for (let tries = 1; ; tries += 1) {
    const outcome = await tryEviction(work, asked.deleteOptions ?? {});
    if (outcome === 'evicted') return { kind: 'status', status: { ...success(undefined), code: 201 } };
    if (tries === TRIES) throw outcome;
  }
}

interface Work {
  readonly deps: SubresourceDeps;
  readonly context: RequestContext;
  readonly podResource: Resource;
  readonly budgetResource: Resource;
  readonly request: ApiRequest;
}

/** Resolves with a conflict when the pod changed so that the plan must be made again. */
async function tryEviction(work: Work, options: DeleteOptions): Promise<'evicted' | unknown> {
  const { deps, context, podResource, budgetResource, request } = work;
  const { name = '', namespace = '' } = request;
  const stored = podResource.collection.get(keyOf(podResource, namespace, name));
  if (!stored) throw notFound(pods, name);
  const pod = stored.object as Pod;
  const budgets = budgetResource.collection.list({ prefix: `${budgetResource.prefix}${namespace}/` });
  const plan = planEviction(
    pod,
    budgets.items.map((item) => item.object as PodDisruptionBudget),
  );
  if (plan.do === 'refuse') throw plan.error;
  const isGuarded = plan.do === 'evict' && plan.unchanged !== undefined;
  const given = options.preconditions?.resourceVersion;
  if (plan.do === 'count') {
    const budget = plan.budget.metadata?.name ?? '';
    await countDisruption(deps, budgetResource, context, { namespace, pod, budget, dryRun: request.options?.dryRun });
  }
  const resourceVersion = given ?? (isGuarded ? String(stored.revision) : undefined);
  try {
    await removePod(work, pod, { ...options, preconditions: { ...options.preconditions, ...(resourceVersion && { resourceVersion }) } });
    return 'evicted';
  } catch (error) {
    if (given || !isConflict(error) || plan.do !== 'evict' || plan.unchanged === undefined) throw error;
    if (plan.unchanged === 'replan') return error;
    throw plan.unchanged;
  }
}

/** The condition that says why the pod goes is a write of its own: what the deletion expects is then the revision that this made. */
async function removePod({ deps, context, podResource, request }: Work, pod: Pod, options: DeleteOptions): Promise<void> {
  const { preconditions } = options;
  let expected = preconditions;
  if (!pod.metadata?.deletionTimestamp) {
    const noted = await noteEviction(deps, podResource, request, context, preconditions);
    if (preconditions?.resourceVersion && noted.kind === 'item') {
      expected = { ...preconditions, resourceVersion: String(noted.item.revision) };
    }
  }
  const deletion: ApiRequest = { ...request, verb: 'delete', group: '', version: 'v1', resource: 'pods', subresource: undefined };
  await remove(deps, podResource, { ...deletion, body: { ...options, preconditions: expected } }, context, { admitted: true });
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
    const { disruptionsAllowed = 0, disruptedPods, ...rest } = draft.status ?? {};
    const now = rfc3339(deps.clock.now());
    const counted = {
      ...rest,
      disruptionsAllowed: disruptionsAllowed - 1,
      disruptedPods: { ...disruptedPods, [pod.metadata?.name ?? '']: now },
    };
    draft.status = counted.disruptionsAllowed === 0 ? withAllowance(counted, now) : counted;
    return draft;
  };
  const request: ApiRequest = { verb: 'update', group, version, resource: plural, namespace, name: budget, options: { dryRun } };
  await changeObject(deps, { resource, request, context, name: budget, subresource: 'status', make, admitted: true, ownership: 'kept' });
}

/** The pod says why it goes (KEP-3329). */
function noteEviction(
  deps: SubresourceDeps,
  resource: Resource,
  request: ApiRequest,
  context: RequestContext,
  preconditions: DeleteOptions['preconditions'],
): Promise<Answer> {
  const lastTransitionTime = rfc3339(deps.clock.now());
  const why = { reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' };
  const make = (old: KubeObject): Draft => {
    const { metadata } = old;
    checkPreconditions(resource.definition, { metadata, resourceVersion: metadata?.resourceVersion ?? '' }, preconditions);
    const pod = copyObject(old) as Pod & Draft;
    const others = pod.status?.conditions?.filter(({ type }) => type !== 'DisruptionTarget') ?? [];
    pod.status = { ...pod.status, conditions: [...others, { type: 'DisruptionTarget', status: 'True', lastTransitionTime, ...why }] };
    if (preconditions?.uid) pod.metadata.uid = preconditions.uid;
    pod.metadata.resourceVersion = preconditions?.resourceVersion;
    return pod;
  };
  const { name = '' } = request;
  return changeObject(deps, { resource, request, context, name, subresource: 'status', make, admitted: true, ownership: 'kept' });
}
