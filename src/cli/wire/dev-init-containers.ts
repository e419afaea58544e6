import type { Pod } from '../../api/schema/generated/types.ts';

/** Must the container end before the pod's others start? Init containers with `restartPolicy: Always` are sidecars, which go on. */
export const endsBeforeOthersStart = (pod: Pod | undefined, name: string): boolean =>
  pod?.spec?.initContainers?.some((container) => container.name === name && container.restartPolicy !== 'Always') ?? false;
