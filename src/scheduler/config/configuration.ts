import { type ExtenderConfiguration, readExtenders } from '../extenders/extender-config.ts';
import type { PluginDefinition } from '../framework/definition.ts';
import type { SchedulerHandle } from '../framework/handle.ts';
import type { SchedulerPlugin } from '../framework/plugin.ts';
import { ConfigReader } from './config-reader.ts';
import { type PluginSets, readPluginSets } from './plugin-sets.ts';

export const DEFAULT_SCHEDULER_NAME = 'default-scheduler';
const API_VERSION = 'kubescheduler.config.k8s.io/v1';

export interface ProfileConfiguration {
  readonly schedulerName: string;
  readonly percentageOfNodesToScore: number | undefined;
  readonly plugins: PluginSets;
  /** How to make each plugin that there is, with its arguments. */
  readonly makers: ReadonlyMap<string, (handle: SchedulerHandle) => SchedulerPlugin>;
}

export interface SchedulerConfiguration {
  readonly profiles: readonly ProfileConfiguration[];
  readonly extenders: readonly ExtenderConfiguration[];
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
}

/** Fields that say how the upstream program runs, not how it decides: taken and without effect here. */
const OF_THE_PROGRAM = [
  'parallelism',
  'leaderElection',
  'clientConnection',
  'enableProfiling',
  'enableContentionProfiling',
  'delayCacheUntilActive',
];

/** The plugin that counts resources, save those that extenders count. */
const RESOURCES_PLUGIN = 'NodeResourcesFit';

interface Everywhere {
  readonly percentageOfNodesToScore: number | undefined;
  /** Resources that are left to extenders. */
  readonly ignoredResources: readonly string[];
}

function readProfile(profile: ConfigReader, registry: readonly PluginDefinition[], everywhere: Everywhere): ProfileConfiguration {
  profile.known(['schedulerName', 'percentageOfNodesToScore', 'plugins', 'pluginConfig']);
  const names = registry.map(({ name }) => name);
  const args = new Map<string, ConfigReader>();
  for (const entry of profile.parts('pluginConfig')) {
    entry.known(['name', 'args']);
    const name = entry.text('name', '');
    if (!names.includes(name)) entry.report('name', `there is no plugin "${name}"`);
    if (args.has(name)) entry.report('name', `plugin "${name}" is configured twice`);
    args.set(name, entry.part('args'));
  }
  const empty = new ConfigReader(undefined, '', profile.findings);
  const argsOf = (name: string) => {
    const own = args.get(name) ?? empty;
    const { ignoredResources } = everywhere;
    return name === RESOURCES_PLUGIN && ignoredResources.length > 0 ? own.with('ignoredResources', ignoredResources) : own;
  };
  const percentage = profile.integer('percentageOfNodesToScore', 0, { max: 100 });
  return {
    schedulerName: profile.text('schedulerName', DEFAULT_SCHEDULER_NAME),
    percentageOfNodesToScore: percentage || everywhere.percentageOfNodesToScore,
    plugins: readPluginSets(profile.part('plugins'), names),
    makers: new Map(registry.map((definition) => [definition.name, definition.configure(argsOf(definition.name))])),
  };
}

/**
 * A KubeSchedulerConfiguration of kubescheduler.config.k8s.io/v1 (Kubernetes: "Scheduler Configuration"); undefined is the default one. Throws an Error,
 * one sentence, that names everything that is wrong.
 */
export function readSchedulerConfiguration(document: unknown, registry: readonly PluginDefinition[]): SchedulerConfiguration {
  const findings: string[] = [];
  const root = new ConfigReader(document ?? undefined, '', findings);
  if (document !== undefined && (root.raw('kind') !== 'KubeSchedulerConfiguration' || root.raw('apiVersion') !== API_VERSION)) {
    throw new Error(`it must be a KubeSchedulerConfiguration of ${API_VERSION}`);
  }
  root.known([...OF_THE_PROGRAM, 'percentageOfNodesToScore', 'podInitialBackoffSeconds', 'podMaxBackoffSeconds', 'profiles', 'extenders']);
  const extenders = readExtenders(root);
  const everywhere: Everywhere = {
    percentageOfNodesToScore: root.integer('percentageOfNodesToScore', 0, { max: 100 }) || undefined,
    ignoredResources: extenders.flatMap(({ ignoredResources }) => ignoredResources),
  };
  const initial = root.integer('podInitialBackoffSeconds', 1, { min: 1 });
  const max = root.integer('podMaxBackoffSeconds', 10, { min: 1 });
  if (max < initial) root.report('podMaxBackoffSeconds', 'must be at least podInitialBackoffSeconds');
  const parts = root.has('profiles') ? root.parts('profiles') : [new ConfigReader(undefined, '', findings)];
  if (parts.length === 0) root.report('profiles', 'at least one profile is required');
  const profiles = parts.map((part) => readProfile(part, registry, everywhere));
  for (const [i, { schedulerName }] of profiles.entries()) {
    if (profiles.findIndex((other) => other.schedulerName === schedulerName) < i)
      root.report(`profiles[${i}].schedulerName`, `there is a profile "${schedulerName}" already`);
  }
  if (findings.length > 0) throw new Error([...new Set(findings)].join('; '));
  return { profiles, extenders, initialBackoffMs: initial * 1000, maxBackoffMs: max * 1000 };
}
