import type { HookContext, Hooks } from '../define.ts';
import { ipWarnings } from '../meta/address-warnings.ts';
import type { Pod, PodCondition } from '../schema/generated/types.ts';
import { defaultPod } from './defaults-pod-spec.ts';
import { firstOfMany } from './first-of-many.ts';
import { readAppArmorAnnotations } from './pod-app-armor.ts';
import { mergeMatchLabelKeys } from './pod-match-label-keys.ts';
import { qosClassOf } from './pod-qos.ts';
import { podWarnings } from './pod-warnings.ts';
import { checkNewPod, checkPod } from './validation-pod-spec.ts';
import { checkPodStatus } from './validation-pod-status.ts';
import { checkPodUpdate } from './validation-pod-update.ts';

/** A new pod is Pending, knows its QoS class for good, and says so when gates keep the scheduler away. */
function startStatus(pod: Pod, { now }: HookContext): void {
  pod.status = { phase: 'Pending', ...(pod.spec && { qosClass: qosClassOf(pod.spec) }) };
  if (!pod.spec?.schedulingGates?.length) return;
  pod.status.conditions = [
    {
      type: 'PodScheduled',
      status: 'False',
      reason: 'SchedulingGated',
      message: 'Scheduling is blocked due to non-empty scheduling gates',
      lastTransitionTime: now,
    },
  ];
}

/** Of several conditions of a type each has its own. */
function keepConditionGenerations(now: readonly PodCondition[], then: readonly PodCondition[]): PodCondition[] {
  const left = [...then];
  return now.map((condition) => {
    const at = left.findIndex(({ type }) => type === condition.type);
    const [before] = at < 0 ? [] : left.splice(at, 1);
    if (condition.observedGeneration || !before?.observedGeneration) return condition;
    return { ...condition, observedGeneration: before.observedGeneration };
  });
}

/** Agents report status as a whole; what they do not know of stays: the class, and which generation was seen (KEP-5067). */
function keepStatus(pod: Pod, old: Pod, { subresource }: HookContext): void {
  const { qosClass, observedGeneration, conditions: then = [] } = old.status ?? {};
  if (qosClass && !pod.status?.qosClass) pod.status = { ...pod.status, qosClass };
  if (subresource !== 'status') return;
  if (observedGeneration && !pod.status?.observedGeneration) pod.status = { ...pod.status, observedGeneration };
  const { conditions } = pod.status ?? {};
  if (conditions) pod.status = { ...pod.status, conditions: keepConditionGenerations(conditions, then) };
}

function defaultAddresses(pod: Pod): void {
  const { status } = pod;
  if (!status) return;
  const addresses = status.podIPs?.map(({ ip = '' }) => ip);
  const { one, many } = firstOfMany(status.podIP, addresses);
  if (one !== '' && one !== status.podIP) status.podIP = one;
  if (many !== addresses && many.length > 0) status.podIPs = many.map((ip) => ({ ip }));
}

export const podHooks: Hooks<Pod> = {
  defaults(pod) {
    defaultPod(pod);
    defaultAddresses(pod);
  },
  prepareForCreate(pod, context) {
    startStatus(pod, context);
    mergeMatchLabelKeys(pod);
    readAppArmorAnnotations(pod, context);
  },
  prepareForUpdate: keepStatus,
  checksRequired: true,
  validate: checkPod,
  validateCreate: checkNewPod,
  validateUpdate: (pod, old, { subresource }) => checkPodUpdate(pod, old, subresource),
  statusWarnings: ({ status }) =>
    (['podIPs', 'hostIPs'] as const).flatMap((list) =>
      (status?.[list] ?? []).flatMap(({ ip }, i) => ipWarnings(`status.${list}[${i}].ip`, ip)),
    ),
  validateStatus: checkPodStatus,
  warnings: podWarnings,
};
