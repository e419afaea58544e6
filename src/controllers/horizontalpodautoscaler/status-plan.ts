import { equalJson } from '../../api/meta/equal-json.ts';
import type {
  V2HorizontalPodAutoscaler as Autoscaler,
  V2HorizontalPodAutoscalerCondition as Condition,
  V2HorizontalPodAutoscalerStatus as Status,
} from '../../api/schema/generated/types.ts';

export type ConditionType = 'AbleToScale' | 'ScalingActive' | 'ScalingLimited';

export interface Told {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** What a pass is about to say: the status, and events. Conditions keep their place and the time of their last turn. */
export class StatusDraft {
  readonly #old: Status | undefined;
  readonly #now: string;
  #status: Omit<Status, 'desiredReplicas'> & { desiredReplicas: number };
  readonly events: Told[] = [];

  /** `now`: RFC 3339. */
  constructor({ status }: Autoscaler, now: string) {
    this.#old = status;
    this.#now = now;
    this.#status = { ...status, desiredReplicas: status?.desiredReplicas ?? 0 };
  }

  condition(type: ConditionType, status: 'True' | 'False', reason: string, message: string): void {
    const conditions = this.#status.conditions ?? [];
    const before = conditions.find((each) => each.type === type);
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : this.#now;
    const next: Condition = { type, status, lastTransitionTime, reason, message };
    this.#status = {
      ...this.#status,
      conditions: before ? conditions.map((each) => (each === before ? next : each)) : [...conditions, next],
    };
  }

  event(type: Told['type'], reason: string, message: string): void {
    this.events.push({ type, reason, message });
  }

  /** Sizes and measurements; absent ones stay as they were told last. */
  tell(change: Partial<Pick<Status, 'currentReplicas' | 'desiredReplicas' | 'currentMetrics'>> & { rescaled?: boolean }): void {
    const { rescaled = false, ...fields } = change;
    this.#status = { ...this.#status, ...fields, ...(rescaled && { lastScaleTime: this.#now }) };
  }

  /** undefined: it says nothing new. */
  changed(): Status | undefined {
    return equalJson(comparable(this.#old), comparable(this.#status)) ? undefined : this.#status;
  }
}

/** Empty lists, zeros and absent fields are the same thing. */
const comparable = (status: Status | undefined) => ({
  currentReplicas: status?.currentReplicas ?? 0,
  desiredReplicas: status?.desiredReplicas ?? 0,
  lastScaleTime: status?.lastScaleTime ?? null,
  observedGeneration: status?.observedGeneration ?? null,
  currentMetrics: status?.currentMetrics ?? [],
  conditions: (status?.conditions ?? []).map(({ type, status: value, reason = '', message = '', lastTransitionTime = '' }) => ({
    type,
    value,
    reason,
    message,
    lastTransitionTime,
  })),
});
