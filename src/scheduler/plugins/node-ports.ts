import { refuse, type SchedulerPlugin } from '../framework.ts';
import { portsCollide } from '../node-state.ts';

/** A host port can be given once a node, protocol and address. */
export const nodePorts: SchedulerPlugin = {
  name: 'NodePorts',
  filter({ hostPorts }, { state }) {
    if (hostPorts.length === 0) return undefined;
    for (const placed of state.pods()) {
      if (placed.ports.some((taken) => hostPorts.some((wanted) => portsCollide(wanted, taken)))) {
        return refuse("node(s) didn't have free ports for the requested pod ports");
      }
    }
    return undefined;
  },
};
