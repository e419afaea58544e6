import type { ConfigReader } from '../config/config-reader.ts';
import type { SchedulerHandle } from './handle.ts';
import type { SchedulerPlugin } from './plugin.ts';

/** A plugin before it is made: its name, what its configuration may say, its place in the default profile. */
export interface PluginDefinition {
  readonly name: string;
  /** How much its scores count by default; 1 when absent. */
  readonly weight?: number;
  /** Reads `pluginConfig[].args`, an empty document when there are none. Findings go to the reader. */
  configure(args: ConfigReader): (handle: SchedulerHandle) => SchedulerPlugin;
}

/** A plugin without configuration and without state. */
export const fixed = (plugin: SchedulerPlugin, weight?: number): PluginDefinition => ({
  name: plugin.name,
  ...(weight !== undefined && { weight }),
  configure(args) {
    args.known([]);
    return () => plugin;
  },
});
