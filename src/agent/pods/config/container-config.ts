import type { Container, Pod } from '../../../api/schema/generated/types.ts';
import type { ContainerConfig, Image, Mount } from '../../../runtime/runtime.ts';
import { containerEnv, type EnvSources } from './env-plan.ts';
import { expand } from './expansion-plan.ts';
import { containerAnnotations, containerLabels } from './labels.ts';
import { containerLimits, oomScoreAdj } from './resources-plan.ts';
import { containerSecurity } from './security.ts';

export interface ContainerFacts {
  readonly attempt: number;
  readonly image: Image;
  /** Where the image is; what the runtime is asked to run. */
  readonly imageId: string;
  readonly env: EnvSources;
  readonly mounts: (expandEnv: (text: string) => string) => Promise<Mount[]>;
  readonly seccompDir: string;
  readonly nodeMemoryBytes: number;
  /** All processes of a container end when one of them is out of memory: what cgroup v2 can do, and what the kubelet asks of it. */
  readonly endsTogether: boolean;
  readonly targetId?: string;
}

/** Relative to the pod's log directory. */
export const logPathOf = (container: string, attempt: number): string => `${container}/${attempt}.log`;

/** What the runtime is told about a container. Rejects with ConfigError when the spec refers to what is not there. */
export async function containerConfig(pod: Pod, container: Container, facts: ContainerFacts): Promise<ContainerConfig> {
  const env = containerEnv(pod, container, facts.env);
  const lookup = (name: string) => env.get(name);
  const expandAll = (list: readonly string[] | undefined) => (list ?? []).map((text) => expand(text, lookup));
  const securityContext = containerSecurity(pod, container, facts);
  return {
    metadata: { name: container.name, attempt: facts.attempt },
    image: facts.imageId,
    command: expandAll(container.command),
    args: expandAll(container.args),
    ...(container.workingDir && { workingDir: container.workingDir }),
    env: [...env].map(([key, value]) => ({ key, value })),
    mounts: await facts.mounts((text) => expand(text, lookup)),
    labels: containerLabels(pod, container),
    annotations: containerAnnotations(pod, container, facts.attempt),
    logPath: logPathOf(container.name, facts.attempt),
    stdin: container.stdin === true,
    stdinOnce: container.stdinOnce === true,
    tty: container.tty === true,
    linux: {
      resources: {
        ...containerLimits(container, pod.spec?.resources),
        oomScoreAdj: oomScoreAdj(pod, container, facts.nodeMemoryBytes),
        ...(facts.endsTogether && { unified: { 'memory.oom.group': '1' } }),
      },
      securityContext,
    },
  };
}
