import { type FieldError, required } from '../meta/field-error.ts';
import { type Field, type FieldType, findSchema, type Schema, schemaOf } from './schema.ts';

/**
 * OpenAPI marks what the wire format always carries, which is more than what validation asks for. These marks are not enforced:
 * numbers, booleans and times (Go decodes a missing one to zero, and zero is the hooks' business), everything under `status`, and
 */
const NOT_ENFORCED: Readonly<Record<string, readonly string[]>> = {
  // An empty list is valid, and Go does not tell it from a missing one.
  CSINodeSpec: ['drivers'],
  LimitRangeSpec: ['limits'],
  PodFailurePolicy: ['rules'],
  // The empty string is a valid value.
  HTTPHeader: ['value'],
  StorageV1TokenRequest: ['audience'],
  Sysctl: ['value'],
  // Answered by code with findings of its own.
  TokenRequestSpec: ['audiences'],
  TokenReviewSpec: ['token'],
  // Old recorders leave out what new ones must give: the events' own validation tells them apart.
  Event: ['involvedObject', 'metadata'],
  EventsV1Event: ['eventTime'],
};
/** Numbers of which zero is reported as missing. */
const REQUIRED_NUMBERS: Readonly<Record<string, readonly string[]>> = { ContainerPort: ['containerPort'] };

/** Structs that are always there in Go: a missing one is searched for what it lacks. */
const ALWAYS_PRESENT: ReadonlySet<string> = new Set(['spec', 'template']);
/** Owned by the registry: metadata is checked for all kinds alike, status is written by controllers. */
const NOT_WALKED: ReadonlySet<string> = new Set(['status', 'metadata']);

/** `Required value` for every required field that is missing or empty. An object without a schema has no findings. */
export function validateSchema(object: object, schemaName: string): FieldError[] {
  const findings: FieldError[] = [];
  if (findSchema(schemaName)) checkStruct(object as JsonObject, schemaName, '', findings);
  return findings;
}

type JsonObject = Readonly<Record<string, unknown>>;
type Presence = 'optional' | 'struct' | 'value' | 'number';

interface Check {
  readonly field: string;
  readonly presence: Presence;
  /** The schema of the value, its items or its map's values, when those have checks of their own. */
  readonly inner: { readonly schema: string; readonly through: 'value' | 'list' | 'map' } | undefined;
}

const EMPTY: JsonObject = {};

function checkStruct(object: JsonObject, schemaName: string, path: string, findings: FieldError[]): void {
  for (const check of checksOf(schemaName)) {
    const at = path === '' ? check.field : `${path}.${check.field}`;
    const value = object[check.field];
    if (isMissing(value, check.presence)) {
      if (check.presence === 'struct' && check.inner) checkStruct(EMPTY, check.inner.schema, at, findings);
      else if (check.presence !== 'optional') findings.push(required(at));
    } else if (check.inner && value !== undefined) checkInner(value, check.inner, at, findings);
  }
}

function checkInner(value: unknown, { schema, through }: NonNullable<Check['inner']>, at: string, findings: FieldError[]): void {
  if (through === 'value') checkStruct(value as JsonObject, schema, at, findings);
  else if (through === 'list') (value as JsonObject[]).forEach((item, i) => void checkStruct(item, schema, `${at}[${i}]`, findings));
  else for (const [key, item] of Object.entries(value as Record<string, JsonObject>)) checkStruct(item, schema, `${at}[${key}]`, findings);
}

function isMissing(value: unknown, presence: Presence): boolean {
  if (value === undefined || value === null) return true;
  switch (presence) {
    case 'optional':
    case 'struct':
      return false;
    case 'number':
      return value === 0;
    case 'value':
      return value === '' || (Array.isArray(value) && value.length === 0);
  }
}

const compiled = new Map<string, readonly Check[]>();

function checksOf(schemaName: string): readonly Check[] {
  const known = compiled.get(schemaName);
  if (known) return known;
  const schema = schemaOf(schemaName);
  const checks = [...schema.fields.values()]
    .filter((field) => !NOT_WALKED.has(field.name))
    .map((field) => toCheck(schema, field))
    .filter((check) => check.inner !== undefined || check.presence !== 'optional');
  compiled.set(schemaName, checks);
  return checks;
}

function toCheck(schema: Schema, field: Field): Check {
  const target = innerSchema(field.type);
  const inner = target && hasChecks(target.schema, new Set()) ? target : undefined;
  const presence = presenceOf(schema, field);
  return { field: field.name, presence: presence === 'struct' && !inner ? 'optional' : presence, inner };
}

function presenceOf(schema: Schema, { name, type, required: marked }: Field): Presence {
  if (NOT_ENFORCED[schema.name]?.includes(name)) return 'optional';
  if (REQUIRED_NUMBERS[schema.name]?.includes(name)) return 'number';
  if (type.is === 'schema' && type.name !== 'LabelSelector') return marked || ALWAYS_PRESENT.has(name) ? 'struct' : 'optional';
  if (type.is === 'scalar' && type.scalar !== 'string' && type.scalar !== 'byte') return 'optional';
  return marked ? 'value' : 'optional';
}

function innerSchema(type: FieldType): Check['inner'] {
  if (type.is === 'schema') return { schema: type.name, through: 'value' };
  if (type.is === 'list' && type.items.is === 'schema') return { schema: type.items.name, through: 'list' };
  if (type.is === 'map' && type.values.is === 'schema') return { schema: type.values.name, through: 'map' };
  return undefined;
}

/** Does a walk through this schema ever find anything? Most of a pod's schemas do not, and are skipped. */
function hasChecks(schemaName: string, visiting: Set<string>): boolean {
  if (visiting.has(schemaName)) return false;
  visiting.add(schemaName);
  const schema = schemaOf(schemaName);
  return [...schema.fields.values()].some((field) => {
    if (NOT_WALKED.has(field.name)) return false;
    const presence = presenceOf(schema, field);
    if (presence === 'value' || presence === 'number') return true;
    const inner = innerSchema(field.type);
    return inner !== undefined && hasChecks(inner.schema, visiting);
  });
}
