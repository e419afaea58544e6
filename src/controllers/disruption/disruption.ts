import { pods } from '../../api/core/pod.ts';
import type { ResourceDefinition } from '../../api/define.ts';
import { type KubeObject, objectKey } from '../../api/meta/object.ts';
import { labelSelectorMatcher } from '../../api/meta/selectors.ts';
import { isConflict, isNotFound } from '../../api/meta/status.ts';
import { SYNC_FAILED, withDisruptionCondition } from '../../api/policy/disruption-condition.ts';
import { podDisruptionBudgets } from '../../api/policy/pod-disruption-budget.ts';
import type { Pod, PodDisruptionBudget, PodDisruptionBudgetStatus, PodTemplateSpec } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { Controller, ControllerContext, ReconcileRequest, ReconcileResult } from '../../client/controller.ts';
import { printedSelector } from '../lib/printed-selector-plan.ts';
import { scaleOfControllers } from './controller-scale.ts';
import { type BudgetPlan, disruptionTargetExpiresInMs, needsScale, planBudget } from './disruption-plan.ts';

/** What failed (a controller that is gone, a kind without a scale) is looked at again, though nothing of the pods changes. */
const RECHECK_FAILED_MS = 30_000;

const WORKLOADS = ['deployments.apps', 'replicasets.apps', 'statefulsets.apps', 'replicationcontrollers'];

/** Counts how many pods of each PodDisruptionBudget may go. `kinds`: all that are served now; asked for the scale of unusual controllers. */
export function disruption({ kinds }: { kinds: () => readonly ResourceDefinition[] }): Controller {
  return {
    name: 'disruption',
    eventSource: 'controllermanager',
    reads: ['poddisruptionbudgets.policy', 'pods', ...WORKLOADS],
    writes: ['poddisruptionbudgets.policy/status'],
    enqueue: { pods: budgetsOfPod, ...Object.fromEntries(WORKLOADS.map((id) => [id, budgetsOfWorkload])) },
    reconcile: (request) => reconcile(request, kinds),
  };
}

function budgetsOf(namespace: string, labels: Readonly<Record<string, string>> | undefined, { informer }: ControllerContext) {
  return informer(podDisruptionBudgets)
    .by('namespace', namespace)
    .filter(({ spec }) => labelSelectorMatcher(spec?.selector)(labels));
}

function budgetsOfPod(pod: KubeObject, context: ControllerContext): string[] {
  const { namespace = '', name, labels } = pod.metadata ?? {};
  const found = budgetsOf(namespace, labels, context);
  if (found.length > 1) {
    const message = `Pod "${namespace}"/"${name}" matches multiple PodDisruptionBudgets.  Chose "${found[0]?.metadata?.name}" arbitrarily.`;
    context.event(pod, 'Warning', 'MultiplePodDisruptionBudgets', message);
  }
  return found.map(objectKey);
}

/** Its size may have changed, which the pods may show late or never (a quota). */
function budgetsOfWorkload(workload: KubeObject & { spec?: { template?: PodTemplateSpec } }, context: ControllerContext): string[] {
  return budgetsOf(workload.metadata?.namespace ?? '', workload.spec?.template?.metadata?.labels, context).map(objectKey);
}

async function reconcile(request: ReconcileRequest, kinds: () => readonly ResourceDefinition[]): Promise<ReconcileResult> {
  const { informer, key, log } = request;
  const budget = informer(podDisruptionBudgets).get(key);
  if (!budget) return undefined;
  try {
    const { status, afterMs, notDeleted } = await plan(budget, request, kinds());
    for (const pod of notDeleted) request.event(pod, 'Warning', 'NotDeleted', `Pod was expected by PDB ${key} to be deleted but it wasn't`);
    if (status) await writeStatus(budget, status, request);
    return afterMs === undefined ? undefined : { afterMs };
  } catch (error) {
    if (isConflict(error) || request.signal.aborted) throw error;
    log.warn({ budget: key, error: messageOf(error) }, 'cannot count the pods of the disruption budget');
    await allowNothing(budget, messageOf(error), request);
    return { afterMs: RECHECK_FAILED_MS };
  }
}

async function plan(budget: PodDisruptionBudget, request: ReconcileRequest, kinds: readonly ResourceDefinition[]): Promise<BudgetPlan> {
  const { informer, event, clock } = request;
  const selects = labelSelectorMatcher(budget.spec?.selector);
  const selected = informer(pods)
    .by('namespace', budget.metadata?.namespace ?? '')
    .filter((pod) => selects(pod.metadata?.labels));
  if (selected.length === 0) event(budget, 'Normal', 'NoPods', 'No matching pods found');
  try {
    const counted = needsScale(budget) ? await scaleOfControllers(request, selected, kinds) : { scale: 0, unmanaged: [] };
    if (counted.unmanaged.length > 0) event(budget, 'Warning', 'UnmanagedPods', unmanagedMessage(budget));
    return planBudget({ budget, pods: selected, scale: counted.scale, nowMs: clock.now() });
  } catch (error) {
    const message = `Failed to calculate the number of expected pods: ${messageOf(error)}`;
    event(budget, 'Warning', 'CalculateExpectedPodCountFailed', message);
    throw error;
  }
}

const unmanagedMessage = ({ spec }: PodDisruptionBudget) =>
  `Pods selected by this PodDisruptionBudget (selector: ${printedSelector(spec?.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`;

/** Nothing may go while nobody knows how many there are. */
async function allowNothing(budget: PodDisruptionBudget, message: string, request: ReconcileRequest): Promise<void> {
  const old = budget.status;
  const failed = { status: 'False', reason: SYNC_FAILED, message };
  const status = withDisruptionCondition({ ...old, disruptionsAllowed: 0 }, failed, rfc3339(request.clock.now()));
  if (JSON.stringify(status) !== JSON.stringify(old)) await writeStatus(budget, status, request);
}

/** On the revision that was counted: an eviction that took of the budget meanwhile must not be undone. */
async function writeStatus(
  budget: PodDisruptionBudget,
  status: PodDisruptionBudgetStatus,
  { client, signal }: ReconcileRequest,
): Promise<void> {
  const options = { namespace: budget.metadata?.namespace, subresource: 'status', signal };
  await client.update(podDisruptionBudgets, { ...budget, status }, options).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Takes the condition DisruptionTarget back from pods that nobody ended after all (KEP-3329). */
export const staleDisruptionTarget: Controller = {
  name: 'disruption-target',
  reads: ['pods'],
  writes: ['pods/status'],
  enqueue: { pods: (pod, { clock }) => (disruptionTargetExpiresInMs(pod as Pod, clock.now()) === undefined ? [] : [objectKey(pod)]) },
  async reconcile({ informer, client, clock, key, signal }) {
    const pod = informer(pods).get(key);
    const afterMs = pod && disruptionTargetExpiresInMs(pod, clock.now());
    if (!pod || afterMs === undefined) return undefined;
    if (afterMs > 0) return { afterMs };
    const reset = { type: 'DisruptionTarget', status: 'False', lastTransitionTime: rfc3339(clock.now()) };
    const conditions = pod.status?.conditions?.map((c) => (c.type === reset.type ? reset : c));
    const options = { namespace: pod.metadata?.namespace, subresource: 'status', signal };
    await client.update(pods, { ...pod, status: { ...pod.status, conditions } }, options).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
    return undefined;
  },
};
