import type { ResourceDefinition } from '../../../api/define.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import { isObject } from '../../../api/patch/apply/apply-type.ts';
import { type ApplyType, builtInType } from '../../../api/patch/apply/index.ts';
import { mergeConfiguration } from '../../../api/patch/apply/merge.ts';

/**
 * What a policy wants set, laid over the object as server-side apply does: lists with keys merge element by element, nothing is removed. Nobody comes to
 * own a field by it.
 */
export const mergeApplied = (object: KubeObject, configuration: object, definition: ResourceDefinition): KubeObject =>
  mergeConfiguration(object, configuration, applyTypeOf(definition));

/** Paths of values that are replaced as a whole: setting a part of one would lose the rest, so policies may not. */
export const atomicParts = (configuration: object, definition: ResourceDefinition): readonly string[] =>
  findAtomics(configuration, applyTypeOf(definition), '');

/** How policies see objects of the kind. */
export const applyTypeOf = (definition: ResourceDefinition): ApplyType => definition.applyType ?? builtInType(definition.schema);

function findAtomics(value: unknown, { map, list }: ApplyType, path: string): string[] {
  if (map && isObject(value)) {
    const parts = Object.entries(value).flatMap(([name, part]) => {
      const field = map.fields.get(name);
      return field ? findAtomics(part, field.type, `${path}.${name}`) : [];
    });
    return map.atomic ? [path, ...parts] : parts;
  }
  if (list && Array.isArray(value)) {
    const parts = value.flatMap((item, i) => findAtomics(item, list.items, `${path}[${i}]`));
    return list.relation === 'atomic' ? [path, ...parts] : parts;
  }
  return [];
}
