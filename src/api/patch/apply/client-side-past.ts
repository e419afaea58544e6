import { type Applied, type Apply, applyConfiguration } from './apply-configuration.ts';
import { isObject } from './apply-type.ts';
import { compareObjects } from './compare.ts';
import { configurationFindings } from './configuration-findings.ts';
import { hasConflicts } from './conflict.ts';
import { appliedFields } from './extract.ts';
import { difference, type FieldSet } from './field-set.ts';
import { ApplyConflict } from './ownership.ts';
import type { Versioned } from './versions.ts';

/** kubectl's name for itself as an applier: the only one whose client-side past counts. */
const KUBECTL = 'kubectl';
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
type Annotated = { metadata?: { annotations?: Record<string, string> } };

/**
 * As applyConfiguration. For kubectl, what the object's last-applied annotation says and the object still has is no conflict, and an annotation that is
 * there is brought up to date: so objects move from client-side to server-side apply. Throws ApiError Conflict.
 */
export function applyAsClient(apply: Apply): Applied {
  const result = orForced(apply);
  if (!isKubectl(apply) || !lastApplied(result.object)) return result;
  const object = result.object as Annotated;
  const annotations = { ...object.metadata?.annotations, [LAST_APPLIED]: annotationOf(apply.configuration) };
  return { ...result, object: { ...object, metadata: { ...object.metadata, annotations } } };
}

function annotationOf(configuration: Annotated): string {
  const { metadata } = configuration;
  const { [LAST_APPLIED]: _, ...annotations } = metadata?.annotations ?? {};
  return `${JSON.stringify(inOrder({ ...configuration, metadata: { ...metadata, ...(metadata?.annotations && { annotations }) } }))}\n`;
}

/** With the keys in ascending order, as Go writes maps. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (!isObject(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, inOrder(value[key])]));
}

/** The annotation speaks of the object itself, not of a subresource. */
const isKubectl = ({ applier }: Apply): boolean => applier.name === KUBECTL && applier.subresource === '';

const lastApplied = (object: object): string => (object as Annotated).metadata?.annotations?.[LAST_APPLIED] ?? '';

function orForced(apply: Apply): Applied {
  try {
    return applyConfiguration(apply);
  } catch (error) {
    if (!(error instanceof ApplyConflict)) throw error;
    const allowed = isKubectl(apply) ? clientSideFields(apply.live) : undefined;
    if (!allowed) throw error.toApiError();
    const conflicts = error.conflicts.map(({ manager, fields }) => ({ manager, fields: difference(fields, allowed) }));
    if (hasConflicts(conflicts)) throw new ApplyConflict(conflicts).toApiError();
    return applyConfiguration({ ...apply, force: true });
  }
}

/** What the last client-side apply said and what is still so. undefined: there was none in this version. */
function clientSideFields({ object, apiVersion, type }: Versioned): FieldSet | undefined {
  const configuration = parseConfiguration(lastApplied(object));
  if (configuration?.apiVersion !== apiVersion || configurationFindings(configuration, type).length > 0) return undefined;
  const { modified, added, removed } = compareObjects(configuration, object, type);
  return [modified, added, removed].reduce(difference, appliedFields(configuration, type));
}

function parseConfiguration(text: string): { apiVersion?: unknown } | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
