import type { HookContext, Hooks } from '../define.ts';
import type { Pod } from '../schema/generated/types.ts';
import { defaultPod } from './defaults-pod-spec.ts';
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

/** Agents report status as a whole; the class is not theirs to change. */
function keepQosClass(pod: Pod, old: Pod): void {
  if (old.status?.qosClass) pod.status = { ...pod.status, qosClass: old.status.qosClass };
}

export const podHooks: Hooks<Pod> = {
  defaults: defaultPod,
  prepareForCreate(pod, context) {
    startStatus(pod, context);
    mergeMatchLabelKeys(pod);
  },
  prepareForUpdate: keepQosClass,
  checksRequired: true,
  validate: checkPod,
  validateCreate: checkNewPod,
  validateUpdate: (pod, old, { subresource }) => checkPodUpdate(pod, old, subresource),
  validateStatus: checkPodStatus,
  warnings: podWarnings,
};
