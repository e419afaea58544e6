import type { ConfigReader } from './config-reader.ts';

/** Upstream's names of the extension points in a profile's `plugins`. */
export const POINTS = [
  'preEnqueue',
  'queueSort',
  'preFilter',
  'filter',
  'postFilter',
  'preScore',
  'score',
  'reserve',
  'permit',
  'preBind',
  'bind',
  'postBind',
] as const;
export type Point = (typeof POINTS)[number];

export interface EnabledPlugin {
  readonly name: string;
  /** Of its scores; undefined: the plugin's own. */
  readonly weight: number | undefined;
}

export interface PluginSet {
  readonly enabled: readonly EnabledPlugin[];
  /** `*` is all that would be there by default. */
  readonly disabled: ReadonlySet<string>;
}

export type PluginSets = Readonly<Record<Point | 'multiPoint', PluginSet>>;

export function readPluginSets(plugins: ConfigReader, names: readonly string[]): PluginSets {
  plugins.known([...POINTS, 'multiPoint']);
  const entries = [...POINTS, 'multiPoint' as const].map((point) => [point, readSet(plugins.part(point), names)] as const);
  return Object.fromEntries(entries) as Record<Point | 'multiPoint', PluginSet>;
}

function readSet(part: ConfigReader, names: readonly string[]): PluginSet {
  part.known(['enabled', 'disabled']);
  const read = (field: string, more: readonly string[]) =>
    part.parts(field).map((entry) => {
      entry.known(['name', 'weight']);
      const name = entry.text('name', '');
      if (![...names, ...more].includes(name)) entry.report('name', `there is no plugin "${name}"`);
      return { name, weight: entry.has('weight') ? entry.integer('weight', 1, { min: 0 }) || undefined : undefined };
    });
  const enabled = read('enabled', []);
  for (const [i, { name }] of enabled.entries()) {
    if (enabled.findIndex((other) => other.name === name) < i) part.report(`enabled[${i}]`, `plugin "${name}" is enabled twice`);
  }
  return { enabled, disabled: new Set(read('disabled', ['*']).map(({ name }) => name)) };
}

/** The default plugins without the disabled ones; what is enabled replaces its namesake, or comes last. */
export function mergeSet(defaults: readonly EnabledPlugin[], { enabled, disabled }: PluginSet): readonly EnabledPlugin[] {
  const kept = disabled.has('*') ? [] : defaults.filter(({ name }) => !disabled.has(name));
  const replaced = kept.map((plugin) => enabled.find(({ name }) => name === plugin.name) ?? plugin);
  return [...replaced, ...enabled.filter(({ name }) => !kept.some((plugin) => plugin.name === name))];
}

/**
 * The plugins of one extension point: those enabled for it that are at all points as well, then the rest of those at all points, then what is enabled for it
 * alone. `general` are the plugins at all points that have this one.
 */
export function atPoint(general: readonly EnabledPlugin[], { enabled, disabled }: PluginSet): readonly EnabledPlugin[] {
  const isGeneral = ({ name }: EnabledPlugin) => general.some((plugin) => plugin.name === name);
  const isNamed = ({ name }: EnabledPlugin) => enabled.some((plugin) => plugin.name === name);
  const rest = general.filter((plugin) => !isNamed(plugin) && !disabled.has('*') && !disabled.has(plugin.name));
  return [...enabled.filter(isGeneral), ...rest, ...enabled.filter((plugin) => !isGeneral(plugin))];
}
