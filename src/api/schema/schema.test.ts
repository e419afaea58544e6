import { describe, expect, it } from 'vitest';
import { inconsistencies, isAtomicType, mergeRule } from './list-types.ts';
import { type FieldType, findSchema, schemaNames, schemaOf } from './schema.ts';

const reference = (type: FieldType): string | undefined => {
  if (type.is === 'schema') return type.name;
  if (type.is === 'list') return reference(type.items);
  return type.is === 'map' ? reference(type.values) : undefined;
};

describe('schemas', () => {
  it('refer only to schemas that exist', () => {
    const references = schemaNames().flatMap((name) => [...schemaOf(name).fields.values()].map((field) => reference(field.type)));
    expect(references.filter((name) => name !== undefined && !findSchema(name))).toEqual([]);
  });

  it('know types, marks and syntaxes of fields', () => {
    const spec = schemaOf('PodSpec').fields;
    expect(spec.get('containers')).toEqual({
      name: 'containers',
      required: true,
      type: { is: 'list', items: { is: 'schema', name: 'Container' } },
    });
    expect(spec.get('overhead')?.type).toEqual({ is: 'map', values: { is: 'scalar', scalar: 'quantity' } });
    expect(schemaOf('Secret').fields.get('data')?.type).toEqual({ is: 'map', values: { is: 'scalar', scalar: 'byte' } });
  });

  it('are not found under names of Object.prototype', () => {
    expect(findSchema('constructor')).toBeUndefined();
  });
});

describe('the table of list types', () => {
  it('agrees with the schemas', () => {
    expect(inconsistencies()).toEqual([]);
  });

  it('answers with an empty rule for what has no marks', () => {
    expect(mergeRule('PodSpec', 'tolerations')).toEqual({});
    expect(mergeRule('Container', 'ports')).toMatchObject({ keys: ['containerPort', 'protocol'], mergeKey: 'containerPort' });
    expect(isAtomicType('LabelSelector')).toBe(true);
  });
});
