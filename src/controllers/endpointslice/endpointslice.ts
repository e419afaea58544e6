import { serviceKeyOf } from '../../api/discovery/endpoint-slice.ts';
import { endpointSlices, nodes, pods, services } from '../../api/index.ts';
import { type KubeObject, objectKey } from '../../api/meta/object.ts';
import type { EndpointSlice, Node, Pod, Service } from '../../api/schema/generated/types.ts';
import type { Controller, ControllerContext, ReconcileRequest } from '../../client/controller.ts';
import { applySlices } from '../lib/apply-slices.ts';
import { isNews } from '../lib/news-plan.ts';
import { messageOf } from '../lib/pod-control.ts';
import { hasSelector, selects } from '../lib/service-backend-plan.ts';
import { MANAGED_BY_LABEL } from '../lib/slice-packing-plan.ts';
import { withTriggerTime } from '../lib/trigger-time-plan.ts';
import { TriggerTimes } from '../lib/trigger-times.ts';
import { MANAGED_BY, planSlices, type ServiceSlicePlan } from './endpointslice-plan.ts';
import { shareFacts, wantsZonesByLoad, type ZoneShares, zoneOf, zoneShares } from './hints-plan.ts';

const isOurs = (slice: KubeObject) => slice.metadata?.labels?.[MANAGED_BY_LABEL] === MANAGED_BY;
const podKeys = (slice: EndpointSlice) =>
  (slice.endpoints ?? []).flatMap((e) => (e.targetRef?.kind === 'Pod' ? [`${e.targetRef.namespace}/${e.targetRef.name}`] : []));

/** Services that select the pod now, and those whose slices still name it: its labels may have changed. */
function servicesOfPod(pod: KubeObject, context: ControllerContext): string[] {
  const selecting = context
    .informer(services)
    .by('namespace', pod.metadata?.namespace ?? '')
    .filter((s) => selects(s, pod.metadata?.labels));
  const naming = context.informer(endpointSlices).by('pod', objectKey(pod));
  return [...new Set([...selecting.map(objectKey), ...naming.filter(isOurs).map(serviceKeyOf)])];
}

/** Keeps EndpointSlices of Services with a selector (Kubernetes: EndpointSlices). Slices of deleted Services are the garbage collector's. */
export function endpointslice(): Controller {
  const shares = new CountedShares();
  const hints = new HintReport();
  const times = new TriggerTimes();
  return {
    name: 'endpointslice',
    eventSource: 'endpoint-slice-controller',
    reads: ['services', 'pods', 'endpointslices.discovery.k8s.io', 'nodes'],
    writes: ['endpointslices.discovery.k8s.io'],
    workers: 5,
    indexes: {
      pods: { node: (pod: Pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : []) },
      services: { 'zones-by-load': (service: Service) => (wantsZonesByLoad(service) ? ['yes'] : []) },
      'endpointslices.discovery.k8s.io': { service: (slice: EndpointSlice) => [serviceKeyOf(slice)], pod: podKeys },
    },
    enqueue: {
      pods: servicesOfPod,
      'endpointslices.discovery.k8s.io': (slice) => (isOurs(slice) ? [serviceKeyOf(slice)] : []),
      nodes: servicesOfNode,
    },
    async reconcile(request) {
      const { key, informer } = request;
      const service = informer(services).get(key);
      if (!service) {
        hints.forget(key);
        times.forget(key);
      }
      if (!service || service.metadata?.deletionTimestamp || !hasSelector(service)) return;
      const { namespace = '' } = service.metadata ?? {};
      const matching = informer(pods)
        .by('namespace', namespace)
        .filter((pod: Pod) => selects(service, pod.metadata?.labels));
      const existing = informer(endpointSlices).by('service', key).filter(isOurs);
      const topology = { node: (name: string) => informer(nodes).get(name), shares: () => shares.of(informer(nodes).list()) };
      const plan = planSlices(service, matching, existing, topology);
      const time = times.next(key, service, matching);
      const stamped = (slice: EndpointSlice) => ({
        ...slice,
        metadata: { ...slice.metadata, annotations: withTriggerTime(slice.metadata?.annotations, time) },
      });
      try {
        await applySlices({ ...plan, create: plan.create.map(stamped), update: plan.update.map(stamped) }, namespace, request);
      } catch (error) {
        request.signal.throwIfAborted();
        const message = `Error updating Endpoint Slices for Service ${key}: ${messageOf(error)}`;
        request.event({ ...service, apiVersion: 'v1', kind: 'Service' }, 'Warning', 'FailedToUpdateEndpointSlices', message);
        throw error;
      }
      hints.report(service, plan.hints, request);
    },
  };
}

/** A node's zone is in the endpoints of its pods, and its part of the CPU in the hints of Services that want them by load. */
function servicesOfNode(node: Node, context: ControllerContext, counterpart: Node | undefined): string[] {
  const { informer } = context;
  const byLoad = isNews(shareFacts, node, counterpart) ? informer(services).by('zones-by-load', 'yes').map(objectKey) : [];
  if (!isNews((n) => zoneOf(n) ?? '', node, counterpart)) return byLoad;
  const there = informer(pods).by('node', node.metadata?.name ?? '');
  return [...byLoad, ...there.flatMap((pod) => servicesOfPod(pod, context))];
}

/** The zones' parts of the CPU, counted once for each state of the nodes. */
class CountedShares {
  #counted: { readonly nodes: readonly Node[]; readonly shares: ZoneShares } | undefined;

  of(all: readonly Node[]): ZoneShares {
    if (this.#counted?.nodes !== all) this.#counted = { nodes: all, shares: zoneShares(all) };
    return this.#counted.shares;
  }
}

/** Tells of a Service whether it has the hints that its annotation asks for, when that changes. */
class HintReport {
  readonly #known = new Map<string, Map<string, string | undefined>>();

  report(service: Service, hints: ServiceSlicePlan['hints'], { key, event }: ReconcileRequest): void {
    const before = this.#known.get(key) ?? new Map<string, string | undefined>();
    for (const [family, problem] of hints) {
      if (before.has(family) && before.get(family) === problem) continue;
      const [type, reason] = problem
        ? (['Warning', 'TopologyAwareHintsDisabled'] as const)
        : (['Normal', 'TopologyAwareHintsEnabled'] as const);
      event(service, type, reason, `${problem ?? 'Topology Aware Hints has been enabled'}, addressType: ${family}`);
    }
    for (const [family, problem] of before) {
      if (hints.has(family) || problem) continue;
      event(service, 'Warning', 'TopologyAwareHintsDisabled', `Topology Aware Hints has been disabled, addressType: ${family}`);
    }
    if (hints.size > 0) this.#known.set(key, new Map(hints));
    else this.#known.delete(key);
  }

  forget(key: string): void {
    this.#known.delete(key);
  }
}
