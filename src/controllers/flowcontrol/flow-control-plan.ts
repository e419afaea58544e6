import { MANDATORY_FLOW_CONTROL } from '../../api/flowcontrol/default-objects.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import type { FlowSchema, FlowSchemaCondition } from '../../api/schema/generated/types.ts';

type Default = KubeObject & { readonly spec?: object };
export type KeepPlan<T> = { readonly do: 'nothing' } | { readonly do: 'create' | 'update'; readonly object: T };

const AUTOUPDATE = 'apf.kubernetes.io/autoupdate-spec';
const NOTHING = { do: 'nothing' } as const;

/** Default objects come back when they are deleted, and their specs as well: of mandatory ones always, of suggested ones unless their annotation says otherwise. */
export function planKept<T extends Default>(found: T | undefined, wanted: T | undefined): KeepPlan<T> {
  if (!wanted) return NOTHING;
  if (!found) return { do: 'create', object: wanted };
  const isKept = MANDATORY_FLOW_CONTROL.has(wanted.metadata?.name ?? '') || found.metadata?.annotations?.[AUTOUPDATE] === 'true';
  if (!isKept || contains(found.spec, wanted.spec)) return NOTHING;
  return { do: 'update', object: { ...found, spec: wanted.spec } };
}

/** Defaults that the server filled in do not count as differences. */
function contains(found: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return found === wanted;
  if (typeof found !== 'object' || found === null) return false;
  if (Array.isArray(wanted))
    return Array.isArray(found) && found.length === wanted.length && wanted.every((value, i) => contains(found[i], value));
  return Object.entries(wanted).every(([key, value]) => value === undefined || contains((found as Record<string, unknown>)[key], value));
}

/** The conditions with Dangling as it is now; undefined when it says so already. Words are upstream's. */
export function planDangling(schema: FlowSchema, hasLevel: boolean, now: string): FlowSchemaCondition[] | undefined {
  const conditions = schema.status?.conditions ?? [];
  const before = conditions.find(({ type }) => type === 'Dangling');
  const about = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(schema.spec?.priorityLevelConfiguration.name)}`;
  const status = hasLevel ? 'False' : 'True';
  const message = hasLevel ? `${about} and it exists` : `${about} but there is no such object`;
  if (before?.status === status && before.message === message) return undefined;
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : now;
  const condition = { type: 'Dangling', status, reason: hasLevel ? 'Found' : 'NotFound', message, lastTransitionTime };
  return [...conditions.filter(({ type }) => type !== 'Dangling'), condition];
}
