import type { Pod } from '../../api/schema/generated/types.ts';
import { type FakeOutcome, outcomeByAnnotation } from '../../runtime/fake-state.ts';
import type { ContainerConfig, SandboxConfig } from '../../runtime/runtime.ts';

/** What a container of a fake node does by itself: what annotations say; else init containers end well, so that pods which have some start, and all others run. */
export function devOutcome(pod: Pod | undefined, container: ContainerConfig, sandbox: SandboxConfig): FakeOutcome {
  const told = outcomeByAnnotation(container, sandbox);
  if (told.does !== 'run' || !endsBeforeOthersStart(pod, container.metadata.name)) return told;
  return { does: 'exit', exitCode: 0, afterMs: 0 };
}

/** Init containers with `restartPolicy: Always` are sidecars, which go on. */
const endsBeforeOthersStart = (pod: Pod | undefined, name: string): boolean =>
  pod?.spec?.initContainers?.some((container) => container.name === name && container.restartPolicy !== 'Always') ?? false;
