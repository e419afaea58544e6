import { replicaSets, replicationControllers, services, statefulSets } from '../../api/index.ts';
import { controllerOf } from '../../api/meta/object.ts';
import { labelSelectorMatcher } from '../../api/meta/selectors.ts';
import type { LabelSelector, Pod } from '../../api/schema/generated/types.ts';
import type { Informers } from '../../client/informer.ts';

/** What the pods belong together by that name no constraints of their own: the Services that select the pod, and its controller's selector. */
export function defaultSelectors(informers: Informers): (pod: Pod) => LabelSelector | undefined {
  const serviceInformer = informers.informer(services);
  const owners = {
    ReplicationController: informers.informer(replicationControllers),
    ReplicaSet: informers.informer(replicaSets),
    StatefulSet: informers.informer(statefulSets),
  };

  function ofController(pod: Pod): LabelSelector | undefined {
    const owner = controllerOf(pod);
    const key = `${pod.metadata?.namespace}/${owner?.name}`;
    switch (owner?.kind) {
      case 'ReplicationController':
        return { matchLabels: owners.ReplicationController.get(key)?.spec?.selector ?? {} };
      case 'ReplicaSet':
      case 'StatefulSet':
        return owners[owner.kind].get(key)?.spec?.selector;
      default:
        return undefined;
    }
  }

  return (pod) => {
    const matchLabels: Record<string, string> = {};
    for (const { spec } of serviceInformer.by('namespace', pod.metadata?.namespace ?? '')) {
      const selector = spec?.selector;
      if (selector && Object.keys(selector).length > 0 && labelSelectorMatcher({ matchLabels: selector })(pod.metadata?.labels)) {
        Object.assign(matchLabels, selector);
      }
    }
    const controller = ofController(pod);
    Object.assign(matchLabels, controller?.matchLabels);
    const matchExpressions = controller?.matchExpressions ?? [];
    return Object.keys(matchLabels).length > 0 || matchExpressions.length > 0 ? { matchLabels, matchExpressions } : undefined;
  };
}
