import { Gauge, Histogram, type Registry } from 'prom-client';
import type { VolumePlugins } from '../pods/disk-storage.ts';
import type { VolumeObserver } from '../volumes/volumes.ts';

/** Upstream's buckets. */
const OPERATION_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 25, 50, 120, 300, 600];
const UNKNOWN = 'N/A';

/** How long volumes took to be made ready (kubernetes, pkg/volume/util/metrics.go). */
export function volumeObserver(registry: Registry): VolumeObserver {
  const operations = new Histogram({
    name: 'storage_operation_duration_seconds',
    help: 'Storage operation duration',
    labelNames: ['volume_plugin', 'operation_name', 'status', 'migrated'],
    buckets: OPERATION_SECONDS,
    registers: [registry],
  });
  const about = { operation_name: 'volume_mount', migrated: 'false' };
  return {
    volumeMounted: (plugin, seconds, failed) =>
      operations.observe({ ...about, volume_plugin: fullName(plugin), status: failed ? 'fail-unknown' : 'success' }, seconds),
  };
}

/** How many volumes there are and should be (kubernetes, pkg/kubelet/volumemanager/metrics). */
export function registerVolumes(registry: Registry, plugins: () => VolumePlugins): void {
  new Gauge({
    name: 'volume_manager_total_volumes',
    help: 'Number of volumes in Volume Manager',
    labelNames: ['plugin_name', 'state'],
    registers: [registry],
    collect() {
      const { mounted, wanted } = plugins();
      this.reset();
      for (const plugin of mounted) this.inc({ plugin_name: fullName(plugin), state: 'actual_state_of_world' });
      for (const plugin of wanted) this.inc({ plugin_name: fullName(plugin), state: 'desired_state_of_world' });
    },
  });
}

const fullName = (plugin: string | undefined): string => (plugin ? `kubernetes.io/${plugin}` : UNKNOWN);
