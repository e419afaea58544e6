import type { Pod } from '../api/schema/generated/types.ts';
import { DEFAULT_SCHEDULER_NAME, type SchedulerConfiguration } from './config/configuration.ts';
import { buildPlugins } from './framework/build-profile.ts';
import type { PluginDefinition } from './framework/definition.ts';
import type { SchedulerHandle } from './framework/handle.ts';
import type { SchedulerPlugin } from './framework/plugin.ts';
import { Profile } from './framework/profile.ts';
import type { Nominator } from './queue/nominator.ts';

export type QueueSort = NonNullable<SchedulerPlugin['queueSort']>;

/** The profiles of one scheduler: pods say by spec.schedulerName which is theirs. */
export interface Profiles {
  readonly all: readonly Profile[];
  of(pod: Pod): Profile | undefined;
  /** Of all profiles. */
  readonly plugins: readonly SchedulerPlugin[];
  readonly queueSort: QueueSort;
}

/** Throws an Error, one sentence, when the plugins of a profile do not make a scheduler. */
export function buildProfiles(
  { profiles: configured }: SchedulerConfiguration,
  registry: readonly PluginDefinition[],
  nominator: Nominator,
  handle: Omit<SchedulerHandle, 'profileName' | 'dryRun'>,
): Profiles {
  const profiles = new Map<string, Profile>();
  const plugins: SchedulerPlugin[] = [];
  const sorts: QueueSort[] = [];
  for (const configuration of configured) {
    const { schedulerName, percentageOfNodesToScore } = configuration;
    const own: SchedulerHandle = {
      ...handle,
      profileName: schedulerName,
      get dryRun() {
        return profiles.get(schedulerName) as Profile;
      },
    };
    const built = buildPlugins(configuration, registry, own);
    profiles.set(schedulerName, new Profile(schedulerName, built, nominator, percentageOfNodesToScore));
    plugins.push(...built.all);
    sorts.push(built.queueSort);
  }
  return {
    all: [...profiles.values()],
    of: ({ spec }) => profiles.get(spec?.schedulerName || DEFAULT_SCHEDULER_NAME),
    plugins,
    queueSort: sorts[0] as QueueSort,
  };
}
