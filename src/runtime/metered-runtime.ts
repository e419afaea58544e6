import type { Clock } from '../base/clock.ts';
import type { Runtime } from './runtime.ts';

/** Calls of a runtime by the names that the kubelet's metrics give them. */
const OPERATIONS = {
  version: 'version',
  status: 'status',
  setPodCidr: 'update_runtime_config',
  runPodSandbox: 'run_podsandbox',
  stopPodSandbox: 'stop_podsandbox',
  removePodSandbox: 'remove_podsandbox',
  podSandboxStatus: 'podsandbox_status',
  listPodSandboxes: 'list_podsandbox',
  createContainer: 'create_container',
  startContainer: 'start_container',
  stopContainer: 'stop_container',
  removeContainer: 'remove_container',
  containerStatus: 'container_status',
  listContainers: 'list_containers',
  updateContainerResources: 'update_container',
  reopenContainerLog: 'reopen_container_log',
  containerStats: 'list_container_stats',
  execSync: 'exec_sync',
  exec: 'exec',
  attach: 'attach',
  portForward: 'port_forward',
  listImages: 'list_images',
  imageStatus: 'image_status',
  pullImage: 'pull_image',
  removeImage: 'remove_image',
  imageFsUsedBytes: 'image_fs_info',
} as const satisfies Record<Exclude<keyof Runtime, 'events'>, string>;

/** Told of every call when it is over. */
export type OperationObserver = (operation: string, seconds: number, failed: boolean) => void;

type Call = (...args: unknown[]) => Promise<unknown>;

/** The same runtime, whose calls are counted and timed. */
export function meteredRuntime(runtime: Runtime, clock: Clock, observe: OperationObserver): Runtime {
  const metered = (method: keyof typeof OPERATIONS): Call => {
    const call = runtime[method].bind(runtime) as Call;
    return async (...args) => {
      const startedMs = clock.monotonic();
      let failed = true;
      try {
        const result = await call(...args);
        failed = false;
        return result;
      } finally {
        observe(OPERATIONS[method], (clock.monotonic() - startedMs) / 1000, failed);
      }
    };
  };
  const methods = Object.keys(OPERATIONS) as (keyof typeof OPERATIONS)[];
  const calls = Object.fromEntries(methods.map((method) => [method, metered(method)]));
  return { ...(calls as unknown as Omit<Runtime, 'events'>), events: (options) => runtime.events(options) };
}
