import { hostPortsOf, portsCollide } from '../../api/core/host-ports.ts';
import type { Pod } from '../../api/schema/generated/types.ts';
import { Action } from '../framework/cluster-event.ts';
import { type SchedulerPlugin, SKIP } from '../framework/plugin.ts';
import { refusal } from '../framework/refusal.ts';

const NAME = 'NodePorts';
const REFUSED = refusal(NAME, 'Unschedulable', "node(s) didn't have free ports for the requested pod ports");

/** A host port can be given once a node, protocol and address. */
export const nodePorts: SchedulerPlugin = {
  name: NAME,
  events: [
    { resource: 'nodes', actions: Action.add },
    {
      resource: 'pods/assigned',
      actions: Action.delete,
      isHelpful: (pod, { object }) =>
        hostPortsOf(pod).some((wanted) => hostPortsOf(object as Pod).some((freed) => portsCollide(wanted, freed))),
    },
  ],
  preFilter: (_state, { hostPorts }) => (hostPorts.length === 0 ? SKIP : undefined),
  filter(_state, { hostPorts }, node) {
    if (!node.hasHostPorts) return undefined;
    for (const other of node.pods()) {
      if (other.hostPorts.some((taken) => hostPorts.some((wanted) => portsCollide(wanted, taken)))) return REFUSED;
    }
    return undefined;
  },
};
