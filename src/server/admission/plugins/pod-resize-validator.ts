import { podRequests } from '../../../api/core/pod-resources.ts';
import type { Node, Pod } from '../../../api/schema/generated/types.ts';
import { compareQuantities, formatQuantity, milliValue, parseQuantity, quantityValue } from '../../../base/quantity.ts';
import type { AdmissionPlugin, ObjectReader } from '../../ports.ts';
import { isAbout, refusal } from '../request.ts';

const OS_LABEL = 'kubernetes.io/os';
const ZERO = parseQuantity('0');

/** A resize that the node could never do is refused, before the node sees it (KEP-1287). */
export const podResizeValidator = (objects: ObjectReader): AdmissionPlugin => ({
  name: 'PodResizeValidator',
  validate(admission) {
    if (admission.operation !== 'UPDATE' || !isAbout(admission, 'pods', '', 'resize')) return;
    const pod = admission.object as Pod;
    const nodeName = pod.spec?.nodeName;
    // The generation counts changes of the spec.
    if (!nodeName || (admission.old as Pod).metadata?.generation === pod.metadata?.generation) return;
    const node = objects.get<Node>('nodes', '', nodeName);
    if (!node) throw refusal(admission, `node "${nodeName}" not found`);
    const system = node.metadata?.labels?.[OS_LABEL] ?? 'linux';
    if (system !== 'linux') {
      const why = `pod resize is only supported on linux nodes, node "${nodeName}" is "${system}"`;
      throw refusal(admission, why, [{ reason: 'UnsupportedPlatform' }]);
    }
    const lacking = shortages(pod, node);
    if (lacking.length === 0) return;
    throw refusal(admission, `node didn't have enough allocatable resources: ${lacking.join('; ')}`, [{ reason: 'NodeCapacity' }]);
  },
});

function shortages(pod: Pod, { status }: Node): string[] {
  const requests = podRequests(pod);
  return (['cpu', 'memory'] as const).flatMap((name) => {
    const [requested, allocatable] = [requests[name] ?? ZERO, parseQuantity(status?.allocatable?.[name] ?? '0')];
    if (compareQuantities(requested, allocatable) <= 0) return [];
    const inUnits = (amount: typeof ZERO) => (name === 'cpu' ? milliValue : quantityValue)(formatQuantity(amount));
    return [`${name}, requested: ${inUnits(requested)}, allocatable: ${inUnits(allocatable)}`];
  });
}
