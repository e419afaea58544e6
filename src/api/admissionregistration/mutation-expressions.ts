import {
  type CelEnvironment,
  type CelProgram,
  type CelType,
  DYN,
  nameType,
  objectType,
  openType,
  STRING,
  StructValue,
} from '../cel/index.ts';

const JSON_PATCH = objectType('JSONPatch', { op: STRING, path: STRING, from: STRING, value: DYN });
const opened = new Map<string, CelType>();
const MAX_REMEMBERED = 1000;

/** `Object`, `Object.spec`, `Object.spec.containers`, … and `JSONPatch`: what expressions that mutate may write out. */
export function mutationType(name: string): CelType | undefined {
  if (name === JSON_PATCH.name) return JSON_PATCH;
  if (name !== 'Object' && !name.startsWith('Object.')) return undefined;
  const known = opened.get(name);
  if (known) return known;
  const type = openType(name);
  if (opened.size < MAX_REMEMBERED) opened.set(name, type);
  return type;
}

export type PatchType = 'ApplyConfiguration' | 'JSONPatch';
export const PATCH_TYPES: readonly PatchType[] = ['ApplyConfiguration', 'JSONPatch'];

export const mutationEnvironment = (environment: CelEnvironment): CelEnvironment => ({
  ...environment,
  struct: mutationType,
  mutates: true,
});

const isObject = (type: CelType, name: string): boolean => type.is === 'object' && type.name === name;
const isPatches = (type: CelType): boolean => type.is === 'list' && isObject(type.element, 'JSONPatch');

/** Why a program does not evaluate to what its patch type wants; undefined: it does. */
export function wrongResult(patchType: PatchType, { type }: CelProgram): string | undefined {
  if (patchType === 'ApplyConfiguration') return isObject(type, 'Object') ? undefined : `must evaluate to Object but got ${nameType(type)}`;
  return isPatches(type) ? undefined : `must evaluate to list(JSONPatch) but got ${nameType(type)}`;
}

/** Names of types must be the paths of their fields: `Object{spec: Object.metadata{}}` is a mistake that only the value shows. */
export function typeNameFindings(value: unknown, path: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => typeNameFindings(item, path));
  if (!(value instanceof StructValue)) return isMap(value) ? Object.values(value).flatMap((item) => typeNameFindings(item, path)) : [];
  const name = value.typeName;
  const own =
    name === path
      ? []
      : [
          `unexpected type name ${JSON.stringify(name)}, expected ${JSON.stringify(path)}, which matches field name path from root Object type`,
        ];
  return [...own, ...[...value.fields].flatMap(([field, item]) => typeNameFindings(item, `${path}.${field}`))];
}

const isMap = (value: unknown): value is object => {
  const prototype: unknown = typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : undefined;
  return prototype === null || prototype === Object.prototype;
};
