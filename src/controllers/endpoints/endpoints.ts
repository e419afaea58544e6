import { endpoints, pods, services } from '../../api/index.ts';
import { type KubeObject, objectKey, splitKey } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { Endpoints, Pod } from '../../api/schema/generated/types.ts';
import type { Controller, ControllerContext } from '../../client/controller.ts';
import { isNamespaceGoing, messageOf } from '../lib/pod-control.ts';
import { hasSelector, selects } from '../lib/service-backend-plan.ts';
import { TriggerTimes } from '../lib/trigger-times.ts';
import { isManaged, planEndpoints } from './endpoints-plan.ts';

const podKeys = (object: Endpoints) =>
  (object.subsets ?? [])
    .flatMap((s) => [...(s.addresses ?? []), ...(s.notReadyAddresses ?? [])])
    .flatMap((a) => (a.targetRef?.kind === 'Pod' ? [`${a.targetRef.namespace}/${a.targetRef.name}`] : []));

function servicesOfPod(pod: KubeObject, context: ControllerContext): string[] {
  const selecting = context
    .informer(services)
    .by('namespace', pod.metadata?.namespace ?? '')
    .filter((s) => selects(s, pod.metadata?.labels));
  return [...new Set([...selecting, ...context.informer(endpoints).by('pod', objectKey(pod))].map(objectKey))];
}

/** Keeps the legacy Endpoints object of each Service with a selector; deprecated upstream since 1.33, still read by many. */
export const endpointsController = (): Controller => {
  const times = new TriggerTimes();
  return {
    name: 'endpoints',
    eventSource: 'endpoint-controller',
    reads: ['services', 'pods', 'endpoints'],
    writes: ['endpoints'],
    workers: 5,
    indexes: { endpoints: { pod: podKeys } },
    enqueue: { pods: servicesOfPod, endpoints: (object) => [objectKey(object)] },
    async reconcile({ key, client, informer, event, signal }) {
      const { namespace, name } = splitKey(key);
      const service = informer(services).get(key);
      const existing = informer(endpoints).get(key);
      if (!service) {
        times.forget(key);
        if (!isManaged(existing)) return;
        await client.delete(endpoints, name, { namespace, signal }).catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
        return;
      }
      if (service.metadata?.deletionTimestamp || !hasSelector(service)) return;
      const matching = informer(pods)
        .by('namespace', namespace)
        .filter((pod: Pod) => selects(service, pod.metadata?.labels));
      const next = planEndpoints(service, matching, existing, times.next(key, service, matching));
      if (!next) return;
      try {
        if (existing) await client.update(endpoints, next, { namespace, signal });
        else await client.create(endpoints, next, { namespace, signal });
      } catch (error) {
        signal.throwIfAborted();
        if (!existing && isNamespaceGoing(error)) return;
        const [reason, what] = existing
          ? ['FailedToUpdateEndpoint', `update endpoint ${key}`]
          : ['FailedToCreateEndpoint', `create endpoint for service ${key}`];
        event({ ...next, apiVersion: 'v1', kind: 'Endpoints' }, 'Warning', reason, `Failed to ${what}: ${messageOf(error)}`);
        throw error;
      }
    },
  };
};
