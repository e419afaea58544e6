import type { Container, Node, PodSpec } from '../../api/schema/generated/types.ts';
import { Action } from '../framework/cluster-event.ts';
import { stateKey } from '../framework/cycle-state.ts';
import { type SchedulerPlugin, SKIP } from '../framework/plugin.ts';
import { refusal } from '../framework/refusal.ts';

const NAME = 'NodeDeclaredFeatures';
const REFUSED = refusal(NAME, 'UnschedulableAndUnresolvable', "node(s) didn't match Pod's required features");

const restartsAll = ({ restartPolicyRules }: Container) =>
  restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers') ?? false;

/** What a pod asks of its node, by the names of what nodes declare (KEP-5328). Of upstream's list these are on by default in 1.36 and matter to scheduling. */
const FEATURES: readonly (readonly [feature: string, isNeeded: (spec: PodSpec) => boolean])[] = [
  [
    'RestartAllContainersOnContainerExits',
    ({ containers, initContainers }) => containers.some(restartsAll) || (initContainers?.some(restartsAll) ?? false),
  ],
];

const KEY = stateKey<readonly string[]>();

/** Nodes have what the pod needs of them, by `status.declaredFeatures`. */
export const nodeDeclaredFeatures: SchedulerPlugin = {
  name: NAME,
  events: [
    {
      resource: 'nodes',
      actions: Action.add | Action.nodeDeclaredFeatures,
    },
  ],
  preFilter(state, { pod }) {
    const needed = pod.spec ? FEATURES.filter(([, isNeeded]) => isNeeded(pod.spec as PodSpec)) : [];
    if (needed.length === 0) return SKIP;
    state.write(
      KEY,
      needed.map(([feature]) => feature),
    );
    return undefined;
  },
  filter: (state, _pod, { node }) => (state.read(KEY)?.every((feature) => declares(node, feature)) ? undefined : REFUSED),
};

const declares = ({ status }: Node, feature: string) => status?.declaredFeatures?.includes(feature) ?? false;
