import { Gauge, type Registry } from 'prom-client';
import { resourceId } from '../../api/define.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import type { Collection } from '../../store/watch-cache/collection.ts';
import type { Resource, Resources } from '../registry/resources.ts';
import { histogramValues, registerValues, type Value } from './metric-values.ts';

/** Upstream's metric of what the store takes on disk; a store that lies elsewhere is not measured. */
export function observeStorageSize(registry: Registry, sizeBytes: () => Promise<number | undefined>): void {
  new Gauge({
    name: 'apiserver_storage_size_bytes',
    help: 'Size of the storage database file physically allocated in bytes.',
    labelNames: ['storage_cluster_id'],
    registers: [registry],
    async collect() {
      const size = await sizeBytes();
      if (size !== undefined) this.set({ storage_cluster_id: 'etcd-0' }, size);
    },
  });
}

type Row = readonly [name: string, help: string, value: (collection: Collection<KubeObject>) => number];

const COUNTERS: readonly Row[] = [
  ['apiserver_storage_events_received_total', 'Number of etcd events received split by kind.', ({ activity }) => activity.eventsReceived],
  [
    'apiserver_watch_cache_events_received_total',
    'Counter of events received in watch cache broken by resource type.',
    ({ activity }) => activity.eventsReceived,
  ],
  [
    'apiserver_watch_cache_events_dispatched_total',
    'Counter of events dispatched in watch cache broken by resource type.',
    ({ activity }) => activity.eventsDispatched,
  ],
  [
    'apiserver_watch_cache_initializations_total',
    'Counter of watch cache initializations broken by resource type.',
    ({ activity }) => activity.initializations,
  ],
  [
    'apiserver_terminated_watchers_total',
    'Counter of watchers closed due to unresponsiveness broken by resource type.',
    ({ activity }) => activity.watchersTerminated,
  ],
];

const GAUGES: readonly Row[] = [
  ['apiserver_resource_objects', 'Number of stored objects at the time of last check split by kind.', ({ size }) => size],
  [
    'apiserver_watch_cache_resource_version',
    'Current resource version of watch cache broken by resource type. This is truncated to the 15 least significant digits.',
    ({ revision }) => revision % 1e15,
  ],
];

/**
 * What the store holds and how it does, under the names that upstream has for etcd and its watch cache. Read when somebody asks. Several versions of a resource are one collection,
 * shown under the group that it is stored as.
 */
export function observeStorage(registry: Registry, resources: Resources): void {
  const collections = (): Resource[] => [
    ...new Map(resources.all.flatMap((each) => (each.definition.storedAs ? [] : [[each.prefix, each]]))).values(),
  ];
  const perResource = (values: (resource: Resource, labels: { group: string; resource: string }) => Value[]) => () =>
    collections().flatMap((each) => values(each, { group: each.definition.group, resource: each.definition.plural }));
  const register = (type: 'counter' | 'gauge', [name, help, value]: Row) =>
    registerValues(
      registry,
      { name, help, type },
      perResource(({ collection }, labels) => [{ labels, value: value(collection) }]),
    );
  for (const row of COUNTERS) register('counter', row);
  for (const row of GAUGES) register('gauge', row);
  registerValues(
    registry,
    {
      name: 'apiserver_storage_objects',
      help: '[DEPRECATED, consider using apiserver_resource_objects instead] Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.',
      type: 'gauge',
    },
    perResource(({ definition, collection }) => [{ labels: { resource: resourceId(definition) }, value: collection.size }]),
  );
  registerCalls(registry, perResource);
}

type PerResource = (values: (resource: Resource, labels: { group: string; resource: string }) => Value[]) => () => Value[];

/** Operations that were never asked for have no values. */
function registerCalls(registry: Registry, perResource: PerResource): void {
  const duration = 'etcd_request_duration_seconds';
  registerValues(
    registry,
    { name: duration, help: 'Etcd request latency in seconds for each operation and object type.', type: 'histogram' },
    perResource((resource, labels) =>
      callsOf(resource).flatMap(([operation, { seconds }]) => histogramValues(duration, { operation, ...labels }, seconds)),
    ),
  );
  registerValues(
    registry,
    { name: 'etcd_requests_total', help: 'Etcd request counts for each operation and object type.', type: 'counter' },
    perResource((resource, labels) =>
      callsOf(resource).map(([operation, { seconds }]) => ({ labels: { operation, ...labels }, value: seconds.count })),
    ),
  );
  registerValues(
    registry,
    { name: 'etcd_request_errors_total', help: 'Etcd failed request counts for each operation and object type.', type: 'counter' },
    perResource((resource, labels) =>
      callsOf(resource)
        .filter(([, { failures }]) => failures > 0)
        .map(([operation, { failures }]) => ({ labels: { operation, ...labels }, value: failures })),
    ),
  );
}

const callsOf = ({ collection }: Resource) => Object.entries(collection.activity.calls).filter(([, { seconds }]) => seconds.count > 0);
