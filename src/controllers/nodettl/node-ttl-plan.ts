/** Cluster sizes, and for how many seconds a kubelet may use what it has of Secrets and ConfigMaps there. The ranges overlap so that the value does not flutter. */
const STEPS = [
  { least: 0, most: 100, seconds: 0 },
  { least: 90, most: 500, seconds: 15 },
  { least: 450, most: 1000, seconds: 30 },
  { least: 900, most: 2000, seconds: 60 },
  { least: 1800, most: Number.POSITIVE_INFINITY, seconds: 300 },
] as const;

/** The step for so many nodes, coming from the step before. */
export function nextStep(before: number, nodes: number): number {
  let step = before;
  while (nodes > (STEPS[step]?.most ?? nodes)) step += 1;
  while (nodes < (STEPS[step]?.least ?? 0)) step -= 1;
  return step;
}

export const secondsOf = (step: number): number => STEPS[step]?.seconds ?? 0;
