import { ApiError } from '../meta/status.ts';
import { same } from '../meta/validation.ts';
import type { DaemonSet } from '../schema/generated/types.ts';

/** The number of the template, of a field that older API versions had: apps/v1 shows it as an annotation, and pods carry it as a label. */
export const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

function put(set: DaemonSet, generation: number): void {
  set.metadata ??= {};
  set.metadata.annotations = { ...set.metadata.annotations, [TEMPLATE_GENERATION]: String(generation) };
}

/** undefined: there is none. Throws BadRequest for what is no integer, in the words of upstream's conversion. */
function read({ metadata }: DaemonSet): number | undefined {
  const text = metadata?.annotations?.[TEMPLATE_GENERATION];
  if (text === undefined) return undefined;
  if (!/^[+-]?\d+$/.test(text)) {
    const why = `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`;
    throw new ApiError('BadRequest', `DaemonSet in version "v1" cannot be handled as a DaemonSet: ${why}`);
  }
  return Number(text);
}

/** Where no number is said it is none: whoever leaves it out sets it, as far as the ownership of fields goes. */
export const showTemplateGeneration = (set: DaemonSet): void => put(set, read(set) ?? 0);

/** A new DaemonSet's template is number 1, unless it says a higher one itself. */
export const startTemplateGeneration = (set: DaemonSet): void => put(set, Math.max(read(set) ?? 1, 1));

/** Counts changes of the template; what a client says does not count. */
export function countTemplateGeneration(set: DaemonSet, old: DaemonSet): void {
  read(set);
  const before = Number(old.metadata?.annotations?.[TEMPLATE_GENERATION] ?? 0) || 0;
  put(set, same(set.spec?.template, old.spec?.template) ? Math.max(before, 1) : before + 1);
}
