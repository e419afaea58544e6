import type { ConfigReader } from './config-reader.ts';

export interface ResourceWeight {
  readonly name: string;
  readonly weight: number;
}

/** What is scored when the configuration says nothing: the same list each time. */
export const CPU_AND_MEMORY: readonly ResourceWeight[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
];

/** `resources: [{ name, weight }]`; cpu and memory alike when it says nothing. */
export function readResources(args: ConfigReader): readonly ResourceWeight[] {
  const read = args.parts('resources').map((resource) => {
    resource.known(['name', 'weight']);
    if (!resource.has('name')) resource.report('name', 'is required');
    return { name: resource.text('name', ''), weight: resource.integer('weight', 1, { min: 1, max: 100 }) };
  });
  return read.length === 0 ? CPU_AND_MEMORY : read;
}
