import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ApiError, isConflict } from '../../meta/status.ts';
import { ManagedState } from './apply-fixture.ts';
import { type ApplyType, DEDUCED } from './apply-type.ts';
import { builtInType } from './built-in-type.ts';
import { configurationFindings } from './configuration-findings.ts';
import { customResourceType } from './openapi-type.ts';

const custom = customResourceType({
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        number: { type: 'integer' },
        text: { type: 'string' },
        map: { type: 'object', additionalProperties: { type: 'string' } },
        whole: { type: 'object', 'x-kubernetes-map-type': 'atomic', additionalProperties: { type: 'string' } },
        set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
        list: { type: 'array', items: { type: 'string' } },
        items: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: { type: 'object', properties: { name: { type: 'string' }, value: { type: 'string' }, other: { type: 'string' } } },
        },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
    },
  },
});
const spec = (value: object) => ({ spec: value });
const state = (type: ApplyType = custom) => new ManagedState(type);
const specOf = (s: ManagedState) => (s.object as { spec?: object }).spec;

function conflictOf(act: () => void): ApiError {
  try {
    act();
  } catch (error) {
    if (isConflict(error)) return error as ApiError;
    throw error;
  }
  throw new Error('there was no conflict');
}

describe('an applied configuration', () => {
  it('creates what is missing and owns it', () => {
    const s = state();
    s.apply('a', spec({ number: 1, map: { x: '1' }, set: ['p'], list: ['q'], items: [{ name: 'i', value: 'v' }], whole: { k: 'v' } }));
    expect(specOf(s)).toEqual({
      number: 1,
      map: { x: '1' },
      set: ['p'],
      list: ['q'],
      items: [{ name: 'i', value: 'v' }],
      whole: { k: 'v' },
    });
    expect(s.fields).toEqual({
      'a Apply': {
        'f:spec': {
          'f:items': { 'k:{"name":"i"}': { '.': {}, 'f:name': {}, 'f:value': {} } },
          'f:list': {},
          'f:map': { 'f:x': {} },
          'f:number': {},
          'f:set': { 'v:"p"': {} },
          'f:whole': {},
        },
      },
    });
  });

  it('takes away what its applier no longer names, an element with all that others set in it, and nothing else', () => {
    const s = state();
    s.apply('a', spec({ number: 1, map: { x: '1', y: '2' }, set: ['p', 'q'], items: [{ name: 'i', value: 'v' }, { name: 'j' }] }));
    s.update('u', { ...s.object, spec: { ...specOf(s), text: 'mine', items: [{ name: 'i', value: 'v', other: 'o' }, { name: 'j' }] } });
    s.apply('a', spec({ map: { x: '1' }, set: ['q'] }));
    expect(specOf(s)).toEqual({ text: 'mine', map: { x: '1' }, set: ['q'] });
  });

  it('keeps what the configuration names without anything in it', () => {
    const s = state();
    s.apply('a', spec({ number: 1, set: ['p'] }));
    s.apply('a', spec({}));
    expect(specOf(s)).toEqual({});
  });

  it('looks into the metadata of objects within objects, as into that of all', () => {
    const pod = { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { metadata: { type: 'object' } } };
    const type = customResourceType({ type: 'object', properties: { pod } });
    const s = state(type);
    const metadata = { labels: { a: 'b' }, finalizers: ['f/g'] };
    s.apply('me', { pod: { metadata } });
    expect(s.fields['me Apply']).toEqual({ 'f:pod': { 'f:metadata': { 'f:labels': { 'f:a': {} }, 'f:finalizers': { 'v:"f/g"': {} } } } });
    expect(configurationFindings({ pod: { metadata: { typo: 1 } } }, type)).toEqual(['.pod.metadata.typo: field not declared in schema']);
  });

  it('keeps what another applier still owns', () => {
    const s = state();
    s.apply('a', spec({ number: 1, items: [{ name: 'i', value: 'v' }] }));
    s.apply('b', spec({ number: 1, items: [{ name: 'i' }] }));
    s.apply('a', spec({ text: 't' }));
    expect(specOf(s)).toEqual({ number: 1, text: 't', items: [{ name: 'i' }] });
    s.apply('b', {});
    expect(specOf(s)).toEqual({ text: 't' });
  });

  it('conflicts with whoever owns a field that it would change, in upstream’s words', () => {
    const s = new ManagedState(builtInType('Deployment'), 'apps/v1');
    s.update('kubectl-client-side-apply', { spec: { replicas: 1, template: { spec: { containers: [{ name: 'c', image: 'one' }] } } } });
    const error = conflictOf(() => s.apply('a', spec({ replicas: 2 })));
    expect(error.message).toBe('Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas');
    expect(error.toStatus()).toMatchObject({
      reason: 'Conflict',
      code: 409,
      details: {
        causes: [
          { reason: 'FieldManagerConflict', message: 'conflict with "kubectl-client-side-apply" using apps/v1', field: '.spec.replicas' },
        ],
      },
    });
    const two = spec({ replicas: 2, template: { spec: { containers: [{ name: 'c', image: 'two' }] } } });
    expect(conflictOf(() => s.apply('a', two)).message).toBe(
      [
        'Apply failed with 2 conflicts: conflicts with "kubectl-client-side-apply" using apps/v1:',
        '- .spec.replicas',
        '- .spec.template.spec.containers[name="c"].image',
      ].join('\n'),
    );
  });

  it('takes over what it forces, and the others forget it', () => {
    const s = state();
    s.apply('a', spec({ number: 1, text: 'x' }));
    expect(conflictOf(() => s.apply('b', spec({ number: 2 }))).message).toBe(
      'Apply failed with 1 conflict: conflict with "a": .spec.number',
    );
    s.apply('b', spec({ number: 2 }), { force: true });
    expect(specOf(s)).toEqual({ number: 2, text: 'x' });
    expect(s.fields).toEqual({ 'a Apply': { 'f:spec': { 'f:text': {} } }, 'b Apply': { 'f:spec': { 'f:number': {} } } });
  });

  it('shares what it sets to the value that is there', () => {
    const s = state();
    s.apply('a', spec({ number: 1 }));
    s.apply('b', spec({ number: 1 }));
    expect(s.fields).toEqual({ 'a Apply': { 'f:spec': { 'f:number': {} } }, 'b Apply': { 'f:spec': { 'f:number': {} } } });
    expect(conflictOf(() => s.apply('a', spec({ number: 2 }))).message).toContain('conflict with "b"');
  });

  it('keeps its time when nothing changes', () => {
    const s = state();
    s.apply('a', spec({ number: 1 }));
    const before = s.times;
    s.apply('a', spec({ number: 1 }));
    expect(s.times).toEqual(before);
    s.apply('a', spec({ number: 2 }));
    expect(s.times).not.toEqual(before);
  });

  it('gives what nobody was tracked for to "before-first-apply"', () => {
    const s = state();
    s.update('u', spec({ number: 1 }));
    s.managers = [];
    expect(conflictOf(() => s.apply('a', spec({ number: 2 }))).message).toBe(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .spec.number',
    );
  });

  it('does not own what identifies an object or belongs to the server', () => {
    const s = state();
    s.apply('a', { apiVersion: 'v1', kind: 'X', metadata: { name: 'n', namespace: 'd', labels: { l: '1' } }, spec: { number: 1 } });
    expect(s.fields).toEqual({ 'a Apply': { 'f:metadata': { 'f:labels': { 'f:l': {} } }, 'f:spec': { 'f:number': {} } } });
  });

  it('puts elements in the order of the configuration, and leaves those of others where they are', () => {
    const s = state();
    const names = () => ((specOf(s) as { items: { name: string }[] }).items ?? []).map(({ name }) => name).join('');
    s.update('u', spec({ items: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] }));
    s.apply('x', spec({ items: [{ name: 'c' }, { name: 'd' }, { name: 'a' }] }));
    expect(names()).toBe('bcda');
  });

  it('merges free-form parts field by field and replaces their lists', () => {
    const s = state();
    s.apply('a', spec({ free: { one: { x: 1 }, list: [1] } }));
    s.apply('b', spec({ free: { one: { y: 2 } } }));
    expect(specOf(s)).toEqual({ free: { one: { x: 1, y: 2 }, list: [1] } });
    expect(conflictOf(() => s.apply('b', spec({ free: { list: [2] } }))).message).toContain('.spec.free.list');
  });

  it('treats atomic maps and lists as one field', () => {
    const s = state();
    s.apply('a', spec({ whole: { k: 'v' }, list: ['a'] }));
    expect(conflictOf(() => s.apply('b', spec({ whole: { l: 'w' } }))).message).toContain('.spec.whole');
    s.apply('b', spec({ whole: { l: 'w' } }), { force: true });
    expect(specOf(s)).toEqual({ whole: { l: 'w' }, list: ['a'] });
  });
});

describe('an update', () => {
  it('gives the writer what he changed, alone', () => {
    const s = state();
    s.update('a', spec({ number: 1, text: 'x' }));
    s.update('b', { ...s.object, spec: { number: 2, text: 'x' } });
    expect(s.fields).toEqual({ 'a Update': { 'f:spec': { '.': {}, 'f:text': {} } }, 'b Update': { 'f:spec': { 'f:number': {} } } });
  });

  it('of fields that the writer owns already leaves his set as it is, but for what he removes', () => {
    const s = state();
    s.update('a', spec({ number: 1, text: 'x' }));
    const [before] = s.managers;
    s.update('a', { ...s.object, spec: { number: 2, text: 'x' } });
    expect(s.times.a).not.toBe(before?.time);
    expect(s.fields).toEqual({ 'a Update': before?.fields });
    s.update('a', { ...s.object, spec: { number: 2 } });
    expect(s.fields).toEqual({ 'a Update': { 'f:spec': { '.': {}, 'f:number': {} } } });
  });

  it('lets everybody forget what is removed', () => {
    const s = state();
    s.apply('a', spec({ number: 1, items: [{ name: 'i', value: 'v' }] }));
    s.update('b', { ...s.object, spec: { number: 1 } });
    expect(s.fields).toEqual({ 'a Apply': { 'f:spec': { 'f:number': {} } } });
  });

  it('names every value on the way when it is new, as upstream does', () => {
    const s = new ManagedState(builtInType('Deployment'), 'apps/v1');
    s.update('kubectl-create', {
      metadata: { labels: { app: 'x' } },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: 'x' } },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%' } },
        template: {
          metadata: { labels: { app: 'x' } },
          spec: { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80 }], resources: {} }], securityContext: {} },
        },
      },
      status: {},
    });
    expect(s.fields['kubectl-create Update']).toEqual({
      'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
      'f:spec': {
        'f:replicas': {},
        'f:selector': {},
        'f:strategy': { 'f:rollingUpdate': { '.': {}, 'f:maxSurge': {} }, 'f:type': {} },
        'f:template': {
          'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
          'f:spec': {
            'f:containers': {
              'k:{"name":"c"}': {
                '.': {},
                'f:image': {},
                'f:name': {},
                'f:ports': { '.': {}, 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
                'f:resources': {},
              },
            },
            'f:securityContext': {},
          },
        },
      },
    });
  });

  it('merges the oldest entries when there are more than ten writers', () => {
    const s = state();
    s.update('w0', spec({ map: { k0: '' } }));
    for (let i = 1; i < 12; i += 1) s.update(`w${i}`, spec({ map: { ...(specOf(s) as { map: object }).map, [`k${i}`]: '' } }));
    expect(s.managers).toHaveLength(10);
    expect(s.fields['ancient-changes Update']).toEqual({ 'f:spec': { '.': {}, 'f:map': { '.': {}, 'f:k0': {}, 'f:k1': {}, 'f:k2': {} } } });
  });
});

describe('kubectl', () => {
  const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
  const configuration = (number: number) => ({ apiVersion: 'v1', kind: 'X', metadata: { name: 'n' }, spec: { number } });
  const clientSide = (s: ManagedState, number: number) =>
    s.update('kubectl-client-side-apply', {
      ...configuration(number),
      metadata: { name: 'n', annotations: { [LAST_APPLIED]: `${JSON.stringify(configuration(number))}\n` } },
    });

  it('takes over what it applied from the client’s side, and keeps the annotation up to date', () => {
    const s = state();
    clientSide(s, 1);
    s.apply('kubectl', configuration(2));
    const { metadata } = s.object as { metadata: { annotations: Record<string, string> } };
    expect(metadata.annotations[LAST_APPLIED]).toBe('{"apiVersion":"v1","kind":"X","metadata":{"name":"n"},"spec":{"number":2}}\n');
  });

  it('conflicts all the same where somebody changed it since, and under any other name', () => {
    const s = state();
    clientSide(s, 1);
    expect(conflictOf(() => s.apply('other', configuration(2))).message).toContain('kubectl-client-side-apply');
    s.update('editor', { ...s.object, spec: { number: 3 } });
    expect(conflictOf(() => s.apply('kubectl', configuration(2))).message).toContain('conflict with "editor"');
  });
});

describe('what is no configuration', () => {
  it.each([
    [{ spec: { typo: 1 } }, '.spec.typo: field not declared in schema'],
    [{ spec: { number: 'x' } }, '.spec.number: expected numeric (int or float), got string'],
    [{ spec: { text: 1 } }, '.spec.text: expected string, got &value.valueUnstructured{Value:1}'],
    [{ spec: { list: 'x' } }, '.spec.list: expected list, got &{x}'],
    [{ spec: 'x' }, '.spec: expected map, got &{x}'],
    [{ spec: { items: [{ name: 'a' }, { name: 'a' }] } }, '.spec.items: duplicate entries for key [name="a"]'],
    [{ spec: { set: ['a', 'a'] } }, '.spec.set: duplicate entries for key [="a"]'],
    [
      { spec: { items: [{ value: 'v' }] } },
      '.spec.items: element 0: associative list with keys has an element that omits all key fields ["name"] (and doesn\'t have default values for any key fields)',
    ],
  ])('%j is refused: %s', (configuration, finding) => {
    expect(configurationFindings(configuration, custom)).toEqual([finding]);
  });

  it('but nulls and free-form parts are fine', () => {
    expect(configurationFindings({ spec: { number: null, free: { a: [{ b: null }] } } }, custom)).toEqual([]);
    expect(configurationFindings({ anything: [1, { a: 2 }] }, DEDUCED)).toEqual([]);
  });
});

describe('whatever is applied', () => {
  const letters = fc.constantFrom('a', 'b', 'c', 'd');
  const value = fc.constantFrom('1', '2');
  const element = fc.record({ name: letters, value, other: value }, { requiredKeys: ['name'] });
  const configuration = fc
    .record(
      {
        number: fc.constantFrom(1, 2),
        map: fc.dictionary(letters, value, { minKeys: 1 }),
        set: fc.uniqueArray(letters, { minLength: 1 }),
        list: fc.array(letters, { minLength: 1 }),
        items: fc.uniqueArray(element, { minLength: 1, selector: ({ name }) => name }),
        free: fc.record({ a: fc.record({ b: value }), c: fc.array(value, { minLength: 1 }) }, { requiredKeys: ['a'] }),
      },
      { requiredKeys: [] },
    )
    .map(spec);

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(configuration, configuration, (others, mine) => {
        const s = state();
        s.apply('other', others);
        s.apply('me', mine, { force: true });
        const [object, managers] = [s.object, JSON.stringify(s.managers)];
        s.apply('me', mine);
        expect(s.object).toEqual(object);
        expect(JSON.stringify(s.managers)).toBe(managers);
      }),
    );
  });

  it('is there afterwards, and owned', () => {
    fc.assert(
      fc.property(configuration, configuration, (others, mine) => {
        const [s, alone] = [state(), state()];
        s.apply('other', others);
        s.apply('me', mine, { force: true });
        alone.apply('me', mine);
        expect(s.fields['me Apply']).toEqual(alone.fields['me Apply']);
      }),
    );
  });

  it('leaves nothing behind when its only applier applies nothing', () => {
    fc.assert(
      fc.property(configuration, (mine) => {
        const s = state();
        s.apply('me', mine);
        s.apply('me', {});
        expect(specOf(s) ?? {}).toEqual({});
        expect(s.managers).toEqual([]);
      }),
    );
  });

  it('comes to the same object in either order when the appliers agree', () => {
    fc.assert(
      fc.property(configuration, configuration, (one, two) => {
        const [s, t] = [state(), state()];
        try {
          s.apply('one', one);
          s.apply('two', two);
          t.apply('two', two);
          t.apply('one', one);
        } catch (error) {
          fc.pre(!isConflict(error));
          throw error;
        }
        expect(ordered(s.object)).toEqual(ordered(t.object));
        expect(s.fields).toEqual(t.fields);
      }),
    );
  });

  it('never takes away what another applier owns', () => {
    fc.assert(
      fc.property(configuration, configuration, configuration, (theirs, mine, later) => {
        const s = state();
        s.apply('them', theirs);
        s.apply('me', mine, { force: true });
        const owned = s.fields['them Apply'];
        try {
          s.apply('me', later);
        } catch (error) {
          fc.pre(!isConflict(error));
          throw error;
        }
        expect(s.fields['them Apply']).toEqual(owned);
      }),
    );
  });

  /** Lists with owners by element have no order of their own between appliers. */
  function ordered(object: object): unknown {
    const value = specOf({ object } as ManagedState) as { set?: string[]; items?: { name: string }[] } | undefined;
    const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
    return { ...value, set: value?.set && [...value.set].sort(), items: value?.items && [...value.items].sort(byName) };
  }
});
