import { InvalidArgumentError } from 'commander';
import { apiVersionOf, type ResourceDefinition } from '../api/define.ts';
import { definitions, fullRegistry, optionalDefinitions, registryWith } from '../api/index.ts';
import type { Registry } from '../api/registry.ts';

/** `storagemigration.k8s.io/v1beta1`: what is off unless asked for. */
export const OPTIONAL_VERSIONS: readonly string[] = [...new Set(optionalDefinitions.map(apiVersionOf))];

type Switch = { readonly covers: (definition: ResourceDefinition) => boolean; readonly on: boolean; readonly weight: number };

const STAGES: Readonly<Record<string, RegExp>> = {
  'api/all': /^/,
  'api/ga': /^v\d+$/,
  'api/beta': /^v\d+beta\d+$/,
  'api/alpha': /^v\d+alpha\d+$/,
};
const BOOLEANS: Readonly<Record<string, boolean>> = { '': true, true: true, '1': true, false: false, '0': false };

/** One `key=value` of --runtime-config, which means what it means to kube-apiserver: the more a key names, the more it weighs. Throws InvalidArgumentError. */
function read(entry: string): Switch {
  const [key = '', value = ''] = entry.split('=', 2);
  const on = BOOLEANS[value];
  if (on === undefined) throw new InvalidArgumentError('it must be true or false after the =.');
  const stage = STAGES[key];
  if (stage) return { covers: ({ version }) => stage.test(version), on, weight: key === 'api/all' ? 0 : 1 };
  const covers = (definition: ResourceDefinition) => {
    const version = apiVersionOf(definition);
    return key === version || key === `${version}/${definition.plural}`;
  };
  if (!fullRegistry.all.some(covers)) throw new InvalidArgumentError(`it must name what this server has: ${OPTIONAL_VERSIONS.join(', ')}.`);
  return { covers, on, weight: fullRegistry.all.some((definition) => apiVersionOf(definition) === key) ? 2 : 3 };
}

/** Checks one entry. What is on by default stays on: parts of minik itself work with it. */
export function runtimeConfigEntry(entry: string): string {
  const { covers, on } = read(entry);
  if (!on && definitions.some(covers)) {
    throw new InvalidArgumentError(
      `it must be about kinds that are off by default: ${OPTIONAL_VERSIONS.join(', ')}; others cannot be switched off.`,
    );
  }
  return entry;
}

/** The kinds that a server serves which was told so. */
export function servedKinds({ runtimeConfig = [] }: { readonly runtimeConfig?: readonly string[] }): Registry {
  const switches = runtimeConfig.map(read).sort((a, b) => b.weight - a.weight);
  return registryWith((definition) => switches.find(({ covers }) => covers(definition))?.on ?? false);
}
