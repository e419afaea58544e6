import { type NodeInfo, Row } from '../cache/node-info.ts';
import type { PodInfo } from '../cache/pod-info.ts';
import type { DeviceTotals } from '../devices/device-totals.ts';
import type { ConfigReader } from './config-reader.ts';
import { amountsOf, CPU_AND_MEMORY, isScalar, type ResourceWeight, readResources } from './resource-weights.ts';

const MAX_SCORE = 100;
/** Shapes give scores from 0 to 10. */
const MAX_SHAPE_SCORE = 10;

type Score = (pod: PodInfo, node: NodeInfo) => number;
/** `totals`: of extended resources that a node does not count itself. */
type MakeScore = (totals: DeviceTotals) => Score;
/** Of one resource, capacity above 0. */
type ResourceScore = (used: number, capacity: number) => number;

interface ShapePoint {
  readonly utilization: number;
  readonly score: number;
}

const least: ResourceScore = (used, capacity) => (used > capacity ? 0 : Math.trunc(((capacity - used) * MAX_SCORE) / capacity));
const most: ResourceScore = (used, capacity) => Math.trunc((Math.min(used, capacity) * MAX_SCORE) / capacity);

/** Straight lines between the points; flat before the first and after the last. */
export function shaped(points: readonly ShapePoint[]): ResourceScore {
  const at = (utilization: number): number => {
    for (const [i, point] of points.entries()) {
      if (utilization > point.utilization) continue;
      const before = points[i - 1];
      if (!before) return point.score;
      const [rise, run] = [point.score - before.score, point.utilization - before.utilization];
      return before.score + Math.trunc((rise * (utilization - before.utilization)) / run);
    }
    return points.at(-1)?.score ?? 0;
  };
  return (used, capacity) => at(used > capacity ? 100 : Math.trunc((used * 100) / capacity));
}

/** As `meanOf` for cpu and memory alike, which is nearly always what is asked for. */
function meanOfBoth(score: ResourceScore): Score {
  return ({ scoreRequests: { milliCpu, memory } }, { numbers, at }) => {
    const [cpus, bytes] = [numbers[at + Row.cpu] as number, numbers[at + Row.memory] as number];
    const cpu = cpus === 0 ? 0 : score((numbers[at + Row.scoredCpu] as number) + milliCpu, cpus);
    const ram = bytes === 0 ? 0 : score((numbers[at + Row.scoredMemory] as number) + memory, bytes);
    const weights = (cpus === 0 ? 0 : 1) + (bytes === 0 ? 0 : 1);
    return weights === 0 ? 0 : Math.trunc((cpu + ram) / weights);
  };
}

/** The weighted mean over the resources that the node has and that concern the pod. */
function meanOf(resources: readonly ResourceWeight[], score: ResourceScore, { onlyPositive }: { onlyPositive: boolean }): MakeScore {
  return (totals) =>
    ({ scoreRequests }, info) => {
      let sum = 0;
      let weights = 0;
      for (const { name, weight } of resources) {
        const wanted = scoreRequests.get(name);
        if (wanted === 0 && isScalar(name)) continue;
        const { capacity, used } = amountsOf(name, info, 'scored', totals);
        if (capacity === 0) continue;
        const one = score(used + wanted, capacity);
        if (onlyPositive && one <= 0) continue;
        sum += one * weight;
        weights += weight;
      }
      if (weights === 0) return 0;
      return onlyPositive ? Math.round(sum / weights) : Math.trunc(sum / weights);
    };
}

function readShape(part: ConfigReader): ShapePoint[] {
  const ratio = part.part('requestedToCapacityRatio');
  ratio.known(['shape']);
  const points = ratio.parts('shape').map((point) => {
    point.known(['utilization', 'score']);
    return {
      utilization: point.integer('utilization', 0, { min: 0, max: 100 }),
      score: point.integer('score', 0, { min: 0, max: MAX_SHAPE_SCORE }) * (MAX_SCORE / MAX_SHAPE_SCORE),
    };
  });
  if (points.length === 0) ratio.report('shape', 'at least one point must be specified');
  if (points.some((point, i) => i > 0 && point.utilization <= (points[i - 1]?.utilization ?? 0))) {
    ratio.report('shape', 'utilization values must be sorted in increasing order');
  }
  return points;
}

/** `scoringStrategy: { type, resources, requestedToCapacityRatio }` (kubescheduler.config.k8s.io/v1, NodeResourcesFitArgs). */
export function readScoring(args: ConfigReader): MakeScore {
  const part = args.part('scoringStrategy');
  part.known(['type', 'resources', 'requestedToCapacityRatio']);
  const type = part.oneOf('type', ['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio'], 'LeastAllocated');
  const resources = readResources(part);
  if (type === 'RequestedToCapacityRatio') return meanOf(resources, shaped(readShape(part)), { onlyPositive: true });
  const score = type === 'MostAllocated' ? most : least;
  return resources === CPU_AND_MEMORY ? () => meanOfBoth(score) : meanOf(resources, score, { onlyPositive: false });
}
