import type { ProfileConfiguration } from '../config/configuration.ts';
import { atPoint, type EnabledPlugin, mergeSet, type Point } from '../config/plugin-sets.ts';
import type { PluginDefinition } from './definition.ts';
import type { SchedulerHandle } from './handle.ts';
import type { SchedulerPlugin } from './plugin.ts';
import type { ProfilePlugins } from './profile.ts';

export interface BuiltPlugins extends ProfilePlugins {
  readonly queueSort: NonNullable<SchedulerPlugin['queueSort']>;
  /** Each once. */
  readonly all: readonly SchedulerPlugin[];
}

/** Makes the profile's plugins and puts each at its points. Throws an Error, one sentence, when they do not make a scheduler. */
export function buildPlugins(
  configuration: ProfileConfiguration,
  registry: readonly PluginDefinition[],
  handle: SchedulerHandle,
): BuiltPlugins {
  const { schedulerName, plugins: sets, makers } = configuration;
  const fail = (why: string) => new Error(`profile ${schedulerName}: ${why}`);
  const made = new Map<string, SchedulerPlugin>();
  const make = ({ name }: EnabledPlugin): SchedulerPlugin => {
    const plugin = made.get(name) ?? makers.get(name)?.(handle);
    if (!plugin) throw fail(`there is no plugin "${name}"`);
    made.set(name, plugin);
    return plugin;
  };
  const general = mergeSet(
    registry.map(({ name }) => ({ name, weight: undefined })),
    sets.multiPoint,
  );
  const at = (point: Point) =>
    atPoint(
      general.filter((entry) => point in make(entry)),
      sets[point],
    );
  const pluginsAt = (point: Point) =>
    at(point).map((entry) => {
      const plugin = make(entry);
      if (!(point in plugin)) throw fail(`plugin "${entry.name}" has no extension point ${point}`);
      return plugin;
    });
  const weightOf = ({ name, weight }: EnabledPlugin) =>
    weight ?? general.find((entry) => entry.name === name)?.weight ?? registry.find((entry) => entry.name === name)?.weight ?? 1;
  const [sorter, another] = pluginsAt('queueSort');
  if (!sorter?.queueSort || another) throw fail('exactly one queueSort plugin is required');
  const bind = pluginsAt('bind');
  if (bind.length === 0) throw fail('at least one bind plugin is required');
  pluginsAt('score');
  return {
    queueSort: sorter.queueSort,
    preEnqueue: pluginsAt('preEnqueue'),
    preFilter: pluginsAt('preFilter'),
    filter: pluginsAt('filter'),
    postFilter: pluginsAt('postFilter'),
    preScore: pluginsAt('preScore'),
    score: at('score').map((entry) => ({ plugin: make(entry), weight: weightOf(entry) })),
    reserve: pluginsAt('reserve'),
    permit: pluginsAt('permit'),
    preBind: pluginsAt('preBind'),
    bind,
    postBind: pluginsAt('postBind'),
    all: [...made.values()],
  };
}
