import { isAtomicType, type MergeRule, mergeRule } from '../../schema/list-types.ts';
import { zeroLeftOut } from '../../schema/scalars.ts';
import { type Field, type FieldType, findSchema, type Scalar } from '../../schema/schema.ts';
import {
  type ApplyField,
  type ApplyKey,
  type ApplyListType,
  type ApplyType,
  ATOMIC,
  applyKey,
  atomicList,
  DEDUCED,
  granularMap,
} from './apply-type.ts';
import { fieldElement } from './path-element.ts';

/** Fields of structs that Go writes even when they are empty, besides required ones and metadata, spec and status: structs, not pointers (k8s.io/api). */
const STRUCT_VALUES: Readonly<Record<string, readonly string[]>> = {
  CronJobSpec: ['jobTemplate'],
  DaemonSetSpec: ['updateStrategy'],
  DeploymentSpec: ['strategy'],
  Event: ['source'],
  EventsV1Event: ['deprecatedSource', 'regarding'],
  FlowSchemaSpec: ['priorityLevelConfiguration'],
  IngressStatus: ['loadBalancer'],
  NodeDaemonEndpoints: ['kubeletEndpoint'],
  NodeStatus: ['daemonEndpoints', 'nodeInfo'],
  PersistentVolumeClaimSpec: ['resources'],
  PodTemplate: ['template'],
  ReplicaSetSpec: ['template'],
  ResourceClaimSpec: ['devices'],
  ServiceStatus: ['loadBalancer'],
  StatefulSetSpec: ['updateStrategy'],
};
const ALWAYS_THERE = new Set(['metadata', 'spec', 'status']);
/** Required fields that Go leaves out when they are empty: pointers, lists and maps with `omitempty`. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  CounterSet: 'counters',
  DeviceCounterConsumption: 'counters',
  IPAddressSpec: 'parentRef',
  ValidatingAdmissionPolicyBindingSpec: 'validationActions',
};

/** Keys of list elements that have a default in the API (`+default`). Required ones have the zero of their type. */
const KEY_DEFAULTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ContainerPort: { protocol: 'TCP' },
  LocalObjectReference: { name: '' },
  ServicePort: { protocol: 'TCP' },
};

const SCALARS: Readonly<Record<Exclude<Scalar, 'any' | 'object'>, ApplyType>> = {
  string: { scalar: 'string' },
  int32: { scalar: 'numeric' },
  int64: { scalar: 'numeric' },
  double: { scalar: 'numeric' },
  bool: { scalar: 'boolean' },
  byte: { scalar: 'string' },
  time: { scalar: 'string' },
  microTime: { scalar: 'string' },
  quantity: { scalar: 'untyped' },
  intOrString: { scalar: 'untyped' },
};

const known = new Map<string, ApplyType>();

/** The type of a built-in schema; DEDUCED when no schema has that name. */
export function builtInType(name: string): ApplyType {
  const type = known.get(name);
  if (type) return type;
  const schema = findSchema(name);
  if (!schema) return DEDUCED;
  const fields = new Map<string, ApplyField>();
  const made: ApplyType = { map: { atomic: isAtomicType(name), fields, values: undefined } };
  known.set(name, made);
  for (const field of schema.fields.values()) fields.set(field.name, applyField(name, field));
  return made;
}

function applyField(schema: string, { name, type, required }: Field): ApplyField {
  const rule = mergeRule(schema, name);
  const written = required && LEFT_OUT[schema] !== name;
  const alwaysThere = written || ALWAYS_THERE.has(name) || STRUCT_VALUES[schema]?.includes(name) === true;
  let read: ApplyType | undefined;
  return {
    element: fieldElement(name),
    alwaysThere,
    get type() {
      read ??= typeOf(type, rule);
      return read;
    },
  };
}

function typeOf(type: FieldType, rule: MergeRule): ApplyType {
  switch (type.is) {
    case 'scalar':
      return type.scalar === 'any' || type.scalar === 'object' ? ATOMIC : SCALARS[type.scalar];
    case 'schema': {
      const struct = builtInType(type.name);
      if (!struct.map || rule.map === undefined) return struct;
      return { ...struct, map: { ...struct.map, atomic: rule.map === 'atomic' } };
    }
    case 'map':
      return { map: granularMap(typeOf(type.values, NO_RULE), rule.map === 'atomic') };
    case 'list':
      return { list: listType(type.items, rule) };
  }
}

const NO_RULE: MergeRule = {};

function listType(items: FieldType, rule: MergeRule): ApplyListType {
  const type = typeOf(items, NO_RULE);
  if (!rule.list) return atomicList(type);
  const keys = [...(rule.keys ?? [])].sort().map((name) => applyKey(name, keyDefault(items, name)));
  return { relation: rule.list, items: type, keys };
}

function keyDefault(items: FieldType, name: string): ApplyKey['default'] {
  if (items.is !== 'schema') return undefined;
  const field = findSchema(items.name)?.fields.get(name);
  const zero = field?.required && field.type.is === 'scalar' ? zeroLeftOut(field.type.scalar) : undefined;
  return KEY_DEFAULTS[items.name]?.[name] ?? zero;
}
