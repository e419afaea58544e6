import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergedSpec, type SpecV2 } from './merge-open-api-plan.ts';

const ref = (name: string, kind = 'definitions') => ({ $ref: `#/${kind}/${name}` });
const own: SpecV2 = {
  paths: { '/api/v1/pods': { get: { schema: ref('Pod') } } },
  definitions: { Pod: { type: 'object' }, Meta: { type: 'object', description: 'ours' }, Time: { type: 'string' } },
  parameters: { pretty: { name: 'pretty' } },
};
const prefix = '/apis/wardle.example.com/v1';

describe('a document with the paths of an extension server', () => {
  it('has those of its group and version, and what they refer to', () => {
    const other = {
      paths: {
        [`${prefix}/flunders`]: { get: { schema: ref('Flunder'), parameters: [ref('pretty', 'parameters')] } },
        '/api/v1/pods': { get: {} },
        '/version': { get: {} },
        [`${prefix}beta1/flunders`]: { get: { schema: ref('Unused') } },
      },
      definitions: {
        Flunder: { properties: { at: ref('Time'), meta: ref('Meta') } },
        Time: { type: 'string' },
        Meta: { type: 'object' },
        Unused: {},
      },
      parameters: { pretty: { name: 'pretty' }, unused: {} },
    };
    const merged = mergedSpec(own, [{ spec: other, prefix }]);
    expect(Object.keys(merged.paths ?? {})).toEqual(['/api/v1/pods', `${prefix}/flunders`]);
    expect(merged.paths?.['/api/v1/pods']).toEqual(own.paths?.['/api/v1/pods']);
    expect(merged.definitions).toEqual({
      ...own.definitions,
      Flunder: { properties: { at: ref('Time'), meta: ref('Meta_v2') } },
      Meta_v2: { type: 'object' },
    });
    expect(merged.parameters).toEqual(own.parameters);
  });

  it('keeps what it had, and leaves no reference open', () => {
    const name = fc.constantFrom('A', 'B', 'C', 'D');
    const schema = fc.oneof(
      name.map((to) => ref(to)),
      fc.record({ type: fc.constantFrom('string', 'object'), items: name.map((to) => ref(to)) }),
    );
    const definitions = fc.tuple(schema, schema, schema, schema).map(([A, B, C, D]) => ({ A, B, C, D }));
    fc.assert(
      fc.property(definitions, definitions, name, (ours, theirs, used) => {
        const mine = { paths: { '/api': ref('A') }, definitions: ours };
        const merged = mergedSpec(mine, [{ spec: { paths: { [`${prefix}/x`]: ref(used) }, definitions: theirs }, prefix }]);
        expect(merged.definitions).toMatchObject(ours);
        const text = JSON.stringify(merged);
        for (const [, target = ''] of text.matchAll(/"#\/definitions\/([^"]+)"/g)) expect(merged.definitions).toHaveProperty([target]);
      }),
    );
  });
});
