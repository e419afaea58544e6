import type { Expr } from './ast.ts';
import type { CelError } from './errors.ts';
import { either, exactly, ONE, type Size, sizeIn, sumOf } from './estimate.ts';
import type { Frame, Plan, Planner, Scope } from './plan.ts';
import { assignable, type CelType, DYN, equivalent, isDyn, join, listOf, mapOf, optionalOf, showType } from './types.ts';
import { type CelValue, makeMap, mapKey, Optional, StructValue } from './values.ts';

/** cel-go: what making a list, a map and a message costs. */
const LIST_COST = 10;
const MAP_COST = 30;
const STRUCT_COST = 40;

interface Part {
  readonly plan: Plan;
  readonly optional: boolean;
  readonly at: number;
}

export function planList(planner: Planner, { items }: Expr & { is: 'list' }, scope: Scope): Plan {
  const parts = items.map(({ value, optional }) => requireOptional(planner, { plan: planner.plan(value, scope), optional, at: value.at }));
  return {
    type: listOf(itemType(planner, parts)),
    estimate: {
      cost: costOf(parts, LIST_COST),
      size: exactly(parts.length),
      entries: { key: ONE, value: largestOf(parts) },
      path: [],
    },
    run(frame) {
      frame.meter.charge(LIST_COST);
      return parts.map((part) => runPart(part, frame)).filter((value) => value !== undefined);
    },
    constant: parts.every(({ plan, optional }) => plan.constant === true && !optional),
    inside: parts.map(({ plan }) => plan),
  };
}

export function planMap(planner: Planner, { entries }: Expr & { is: 'map' }, scope: Scope): Plan {
  const keys = entries.map(({ key }) => ({ plan: planner.plan(key, scope), optional: false, at: key.at }));
  const values = entries.map(({ value, optional }) =>
    requireOptional(planner, { plan: planner.plan(value, scope), optional, at: value.at }),
  );
  return {
    type: mapOf(entryType(planner, keys), entryType(planner, values)),
    estimate: {
      cost: costOf([...keys, ...values], MAP_COST),
      size: exactly(entries.length),
      entries: { key: largestOf(keys), value: largestOf(values) },
      path: [],
    },
    run(frame) {
      frame.meter.charge(MAP_COST);
      const made = new Map<CelValue, CelValue>();
      for (const [i, key] of keys.entries()) {
        const name = key.plan.run(frame);
        const value = values[i] && runPart(values[i], frame);
        if (value === undefined) continue;
        made.set(mapKey(name), value);
      }
      return makeMap([...made]);
    },
    constant: [...keys, ...values].every(({ plan, optional }) => plan.constant === true && !optional),
    inside: [...keys, ...values].map(({ plan }) => plan),
  };
}

export function planStruct(planner: Planner, { name, fields, at }: Expr & { is: 'struct' }, scope: Scope): Plan {
  const type = planner.struct(name);
  if (type?.is !== 'object') throw planner.error(at, `undeclared reference to '${name}' (in container '')`);
  const parts = fields.map((field) => {
    const plan = planner.plan(field.value, scope);
    const expected = type.fields[field.name] ?? (type.open ? { type: DYN } : undefined);
    if (!expected) throw planner.error(field.value.at, `undefined field '${field.name}'`);
    if (!assignable(expected.type, inside({ plan, ...field }), new Map())) {
      const found = showType(plan.type);
      throw planner.error(
        field.value.at,
        `expected type of field '${field.name}' is '${showType(expected.type)}' but provided type is '${found}'`,
      );
    }
    return { name: field.name, plan, optional: field.optional, at: field.value.at };
  });
  return {
    type,
    estimate: { cost: costOf(parts, STRUCT_COST), path: [] },
    run(frame) {
      frame.meter.charge(STRUCT_COST);
      const made = parts.map((part) => [part.name, runPart(part, frame)] as const);
      return new StructValue(type.name, new Map(made.filter(([, value]) => value !== undefined)));
    },
  };
}

/** What is marked optional is one. */
function requireOptional(planner: Planner, part: Part): Part {
  const { type } = part.plan;
  if (part.optional && !isDyn(type) && type.is !== 'optional' && type.is !== 'param') {
    planner.issues.types.push(planner.error(part.at, `expected type '${showType(optionalOf(type))}' but found '${showType(type)}'`));
  }
  return part;
}

const costOf = (parts: readonly Pick<Part, 'plan'>[], cost: number): number => cost + sumOf(parts.map(({ plan }) => plan.estimate));
const largestOf = (parts: readonly Part[]): Size =>
  parts.length === 0 ? exactly(0) : parts.map(({ plan }) => sizeIn(plan.estimate)).reduce(either);

/** undefined: an optional part that is none. */
function runPart({ plan, optional }: Part, frame: Frame): CelValue {
  const value = plan.run(frame);
  return optional && value instanceof Optional ? value.value : value;
}

const inside = ({ plan, optional }: { plan: Plan; optional: boolean }): CelType =>
  optional && plan.type.is === 'optional' ? plan.type.value : plan.type;

/** Kubernetes wants items of one type (`HomogeneousAggregateLiterals`): the first that is not is told. */
function itemType(planner: Planner, parts: readonly Part[]): CelType {
  const { type, others } = elementType(parts);
  planner.issues.mixed.push(...others.slice(0, 1).map((part) => mismatch(planner, parts, part)));
  return type;
}

/** Of a map, all are told. */
function entryType(planner: Planner, parts: readonly Part[]): CelType {
  const { type, others } = elementType(parts);
  planner.issues.mixed.push(...others.map((part) => mismatch(planner, parts, part)));
  return type;
}

const mismatch = (planner: Planner, [first]: readonly Part[], part: Part): CelError =>
  planner.error(part.at, `expected type '${showType(first ? inside(first) : DYN)}' but found '${showType(inside(part))}'`);

/** `others`: parts of another type than the first. */
function elementType(parts: readonly Part[]): { type: CelType; others: readonly Part[] } {
  const [first] = parts;
  if (!first) return { type: { is: 'param', name: 'T' }, others: [] };
  const type = parts.map(inside).reduce((a, b) => join(a, b) ?? DYN);
  return { type: type.is === 'param' ? DYN : type, others: parts.filter((part) => !equivalent(inside(first), inside(part))) };
}
