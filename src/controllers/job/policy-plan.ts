import type { ContainerStatus, Job, Pod, PodFailurePolicyRule } from '../../api/schema/generated/types.ts';

/** What spec.podFailurePolicy says of a failed pod (KEP-3329). */
export interface Verdict {
  readonly action: string;
  /** Why, in upstream's words: the message of the Job's condition. */
  readonly message: string;
}

function exitCodeMatch(pod: Pod, { onExitCodes }: PodFailurePolicyRule): ContainerStatus | undefined {
  if (!onExitCodes) return undefined;
  const { containerName, operator, values } = onExitCodes;
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  return statuses.find(({ name, state }) => {
    const code = state?.terminated?.exitCode ?? 0;
    return code !== 0 && (containerName === undefined || containerName === name) && values.includes(code) === (operator === 'In');
  });
}

function ruleMessage(pod: Pod, rule: PodFailurePolicyRule, index: number): string | undefined {
  const who = `${pod.metadata?.namespace}/${pod.metadata?.name}`;
  const tail = `matching ${rule.action} rule at index ${index}`;
  const container = exitCodeMatch(pod, rule);
  if (container) return `Container ${container.name} for pod ${who} failed with exit code ${container.state?.terminated?.exitCode} ${tail}`;
  const condition = pod.status?.conditions?.find((c) =>
    rule.onPodConditions?.some((pattern) => pattern.type === c.type && (pattern.status ?? 'True') === c.status),
  );
  return condition && `Pod ${who} has condition ${condition.type} ${tail}`;
}

/** The first rule that matches decides; undefined: none does, the failure counts. */
export function failureVerdict(job: Job, pod: Pod): Verdict | undefined {
  for (const [index, rule] of (job.spec?.podFailurePolicy?.rules ?? []).entries()) {
    const message = ruleMessage(pod, rule, index);
    if (message !== undefined) return { action: rule.action, message };
  }
  return undefined;
}

/** Which indexes or how many of them are enough (KEP-3998): the message of the condition when they are reached. */
export function successMessage(job: Job, succeeded: ReadonlySet<number>, parse: (text: string) => ReadonlySet<number>): string | undefined {
  for (const [index, { succeededIndexes, succeededCount }] of (job.spec?.successPolicy?.rules ?? []).entries()) {
    const wanted = succeededIndexes === undefined ? undefined : parse(succeededIndexes);
    const reached = wanted ? [...wanted].filter((i) => succeeded.has(i)).length : succeeded.size;
    if (reached >= (succeededCount ?? wanted?.size ?? Number.POSITIVE_INFINITY)) return `Matched rules at index ${index}`;
  }
  return undefined;
}
