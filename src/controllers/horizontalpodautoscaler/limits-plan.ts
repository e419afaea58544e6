import type { V2HorizontalPodAutoscalerBehavior, V2HPAScalingRules } from '../../api/schema/generated/types.ts';

/** What was recommended, before any limit. */
export interface Recommendation {
  readonly replicas: number;
  readonly atMs: number;
}
/** Pods that came, or went; more than 0. */
export interface Change {
  readonly pods: number;
  readonly atMs: number;
}
/** What an autoscaler remembers of its target; gone with the process, as upstream's. */
export interface History {
  readonly recommendations: readonly Recommendation[];
  readonly added: readonly Change[];
  readonly removed: readonly Change[];
}

export interface Limits {
  readonly min: number;
  readonly max: number;
  readonly behavior: V2HorizontalPodAutoscalerBehavior | undefined;
}
export interface Verdict {
  readonly replicas: number;
  readonly recommendations: readonly Recommendation[];
  /** Of the condition AbleToScale. */
  readonly stabilised: Why;
  /** Of the condition ScalingLimited. */
  readonly limited: Why & { readonly isLimited: boolean };
}
interface Why {
  readonly reason: string;
  readonly message: string;
}

/** kube-controller-manager --horizontal-pod-autoscaler-downscale-stabilization. */
const DOWNSCALE_WINDOW_SECONDS = 300;
/** Without a behavior: at most this many times as many pods, or this many. */
const UP_FACTOR = 2;
const UP_MINIMUM = 4;

const NOT_STABILISED: Why = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' };
const UP_STABILISED: Why = {
  reason: 'ScaleUpStabilized',
  message: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
};
const DOWN_STABILISED: Why = {
  reason: 'ScaleDownStabilized',
  message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
};
const UNLIMITED: Why = { reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' };
const TOO_FAST_UP: Why = {
  reason: 'ScaleUpLimit',
  message: 'the desired replica count is increasing faster than the maximum scale rate',
};
const TOO_FAST_DOWN: Why = {
  reason: 'ScaleDownLimit',
  message: 'the desired replica count is decreasing faster than the maximum scale rate',
};
const TOO_MANY: Why = { reason: 'TooManyReplicas', message: 'the desired replica count is more than the maximum replica count' };
const TOO_FEW: Why = { reason: 'TooFewReplicas', message: 'the desired replica count is less than the minimum replica count' };

interface Limited extends Why {
  readonly replicas: number;
}

/**
 * Holds a recommendation to the windows, the policies and the bounds: `current` lies within the bounds, and so does the answer. Times are of a clock that does
 * not run backwards. Source: Kubernetes, "Horizontal Pod Autoscaling" (configurable scaling behavior).
 */
export function limitReplicas(current: number, desired: number, { min, max, behavior }: Limits, history: History, nowMs: number): Verdict {
  const before = history.recommendations.length > 0 ? history.recommendations : [{ replicas: current, atMs: nowMs }];
  const up = behavior ? (behavior.scaleUp?.stabilizationWindowSeconds ?? 0) : 0;
  const down = behavior?.scaleDown?.stabilizationWindowSeconds ?? DOWNSCALE_WINDOW_SECONDS;
  const stable = behavior ? withinWindows(current, desired, before, { up, down }, nowMs) : highest(desired, before, nowMs);
  const limited = behavior ? byPolicies(current, stable, { min, max, behavior }, history, nowMs) : byDefault(current, stable, { min, max });
  const oldest = nowMs - Math.max(up, down) * 1000;
  const held = desired >= current && behavior ? UP_STABILISED : DOWN_STABILISED;
  return {
    replicas: limited.replicas,
    recommendations: [...before.filter(({ atMs }) => atMs >= oldest), { replicas: desired, atMs: nowMs }],
    stabilised: stable === desired ? NOT_STABILISED : held,
    limited: { reason: limited.reason, message: limited.message, isLimited: limited.replicas !== stable },
  };
}

/** Without a behavior: fewer only when fewer have been enough for the whole window. */
function highest(desired: number, recommendations: readonly Recommendation[], nowMs: number): number {
  const recent = recommendations.filter(({ atMs }) => atMs >= nowMs - DOWNSCALE_WINDOW_SECONDS * 1000);
  return Math.max(desired, ...recent.map(({ replicas }) => replicas));
}

/** More only as far as was recommended throughout the window of scaling up, fewer only as far as throughout that of scaling down. */
function withinWindows(
  current: number,
  desired: number,
  recommendations: readonly Recommendation[],
  { up, down }: { up: number; down: number },
  nowMs: number,
): number {
  const since = (seconds: number) => recommendations.filter(({ atMs }) => atMs > nowMs - seconds * 1000).map(({ replicas }) => replicas);
  const lowest = Math.min(desired, ...since(up));
  const highestOne = Math.max(desired, ...since(down));
  return Math.min(Math.max(current, lowest), highestOne);
}

function byDefault(current: number, desired: number, { min, max }: Pick<Limits, 'min' | 'max'>): Limited {
  const limit = Math.max(UP_FACTOR * current, UP_MINIMUM);
  const [most, why] = max > limit ? [limit, TOO_FAST_UP] : [max, TOO_MANY];
  if (desired < min) return { replicas: min, ...TOO_FEW };
  return desired > most ? { replicas: most, ...why } : { replicas: desired, ...UNLIMITED };
}

function byPolicies(current: number, desired: number, { min, max, behavior }: Limits, history: History, nowMs: number): Limited {
  if (desired > current) {
    const limit = Math.max(current, upLimit(current, behavior?.scaleUp, history, nowMs));
    const [most, why] = max > limit ? [limit, TOO_FAST_UP] : [max, TOO_MANY];
    return desired > most ? { replicas: most, ...why } : { replicas: desired, ...UNLIMITED };
  }
  if (desired < current) {
    const limit = Math.min(current, downLimit(current, behavior?.scaleDown, history, nowMs));
    const [fewest, why] = min < limit ? [limit, TOO_FAST_DOWN] : [min, TOO_FEW];
    return desired < fewest ? { replicas: fewest, ...why } : { replicas: desired, ...UNLIMITED };
  }
  return { replicas: desired, ...UNLIMITED };
}

/** How many there were when the period of a policy began. */
function atPeriodStart(current: number, { added, removed }: History, periodSeconds: number, nowMs: number): number {
  const within = (changes: readonly Change[]) =>
    changes.filter(({ atMs }) => atMs > nowMs - periodSeconds * 1000).reduce((sum, { pods }) => sum + pods, 0);
  return current - within(added) + within(removed);
}

function upLimit(current: number, rules: V2HPAScalingRules | undefined, history: History, nowMs: number): number {
  if (rules?.selectPolicy === 'Disabled') return current;
  const limits = (rules?.policies ?? []).map(({ type, value, periodSeconds }) => {
    const start = atPeriodStart(current, history, periodSeconds, nowMs);
    return type === 'Percent' ? Math.ceil(start * (1 + value / 100)) : start + value;
  });
  if (limits.length === 0) return Number.POSITIVE_INFINITY;
  return rules?.selectPolicy === 'Min' ? Math.min(...limits) : Math.max(...limits);
}

function downLimit(current: number, rules: V2HPAScalingRules | undefined, history: History, nowMs: number): number {
  if (rules?.selectPolicy === 'Disabled') return current;
  const limits = (rules?.policies ?? []).map(({ type, value, periodSeconds }) => {
    const start = atPeriodStart(current, history, periodSeconds, nowMs);
    return type === 'Percent' ? Math.trunc(start * (1 - value / 100)) : start - value;
  });
  if (limits.length === 0) return Number.NEGATIVE_INFINITY;
  // The smallest change leaves the most.
  return rules?.selectPolicy === 'Min' ? Math.max(...limits) : Math.min(...limits);
}

/** Remembers that the target went from one size to another. Without a behavior nobody asks. */
export function recordChange(history: History, from: number, to: number, behavior: Limits['behavior'], nowMs: number): History {
  if (!behavior || from === to) return history;
  const longest = (rules: V2HPAScalingRules | undefined) =>
    Math.max(0, ...(rules?.policies ?? []).map(({ periodSeconds }) => periodSeconds));
  // A change in one direction counts against the policies of the other too.
  const oldest = nowMs - Math.max(longest(behavior.scaleUp), longest(behavior.scaleDown)) * 1000;
  const kept = (changes: readonly Change[], pods: number): Change[] => [
    ...changes.filter(({ atMs }) => atMs >= oldest),
    ...(pods > 0 ? [{ pods, atMs: nowMs }] : []),
  ];
  return { ...history, added: kept(history.added, to - from), removed: kept(history.removed, from - to) };
}
