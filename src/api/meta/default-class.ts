import type { KubeObject } from './object.ts';

const createdAt = ({ metadata }: KubeObject) => Date.parse(metadata?.creationTimestamp ?? '') || 0;

/** Of the classes that an annotation marks as default the newest, and of those of the same second the first by name. */
export const defaultClassOf = <T extends KubeObject>(classes: readonly T[], annotations: readonly string[]): T | undefined =>
  classes
    .filter(({ metadata }) => annotations.some((annotation) => metadata?.annotations?.[annotation] === 'true'))
    .sort((a, b) => createdAt(b) - createdAt(a) || ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1))[0];
