import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ApiError } from '../meta/status.ts';
import { strategicMergePatch } from './strategic-merge-patch.ts';

const refusal = (document: object, patch: unknown, schema = 'Pod'): ApiError => {
  try {
    strategicMergePatch(document, patch, schema);
  } catch (e) {
    return e as ApiError;
  }
  throw new Error('expected a refusal');
};
const deployment = () => ({
  metadata: { name: 'patch-demo', finalizers: ['a', 'b'], annotations: { x: '1' } },
  spec: {
    replicas: 2,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '30%' } },
    template: {
      metadata: { labels: { app: 'nginx' } },
      spec: {
        containers: [{ name: 'patch-demo-ctr', image: 'nginx', ports: [{ containerPort: 80, protocol: 'TCP' }], args: ['a'] }],
        tolerations: [{ effect: 'NoSchedule', key: 'dedicated', value: 'test-team' }],
      },
    },
  },
});
type D = ReturnType<typeof deployment>;
const patchSpec = (spec: object) => strategicMergePatch(deployment(), { spec }, 'Deployment').spec;

// The walk-through of Kubernetes' page "Update API Objects in Place Using kubectl patch".
describe('strategic merge patch, as documented', () => {
  it('merges containers by name: the new one comes first', () => {
    const spec = patchSpec({ template: { spec: { containers: [{ name: 'patch-demo-ctr-2', image: 'redis' }] } } });
    expect(spec.template.spec.containers.map((c) => `${c.name}=${c.image}`)).toEqual(['patch-demo-ctr-2=redis', 'patch-demo-ctr=nginx']);
  });

  it('replaces tolerations, which have no merge key', () => {
    const tolerations = [{ effect: 'NoSchedule', key: 'disktype', value: 'ssd' }];
    expect(patchSpec({ template: { spec: { tolerations } } }).template.spec.tolerations).toEqual(tolerations);
  });

  it('keeps only retained keys of a strategy', () => {
    expect(patchSpec({ strategy: { $retainKeys: ['type'], type: 'Recreate' } }).strategy).toEqual({ type: 'Recreate' });
  });

  it('changes an image as kubectl set image does', () => {
    const containers = [{ name: 'patch-demo-ctr', image: 'nginx:2' }];
    const spec = patchSpec({ template: { spec: { '$setElementOrder/containers': [{ name: 'patch-demo-ctr' }], containers } } });
    expect(spec.template.spec.containers).toEqual([{ ...deployment().spec.template.spec.containers[0], image: 'nginx:2' }]);
  });
});

describe('directives', () => {
  const pod = (containers: object[]) => ({ spec: { containers } });
  const names = (document: { spec: { containers: { name?: string }[] } }) => document.spec.containers.map((c) => c.name);

  it('delete one element of a list', () => {
    const patch = pod([{ name: 'a', $patch: 'delete' }]);
    expect(strategicMergePatch<object>(pod([{ name: 'a' }, { name: 'b' }]), patch, 'Pod')).toEqual(pod([{ name: 'b' }]));
  });

  it('replace a whole list', () => {
    const patch = pod([{ $patch: 'replace' }, { name: 'c' }]);
    expect(strategicMergePatch<object>(pod([{ name: 'a' }, { name: 'b' }]), patch, 'Pod')).toEqual(pod([{ name: 'c' }]));
  });

  it('replace or empty an object', () => {
    const document = { spec: { nodeSelector: { a: '1', b: '2' } } };
    const patched = (nodeSelector: object) => strategicMergePatch<object>(document, { spec: { nodeSelector } }, 'Pod');
    expect(patched({ $patch: 'replace', c: '3' })).toEqual({ spec: { nodeSelector: { c: '3' } } });
    expect(patched({ $patch: 'delete' })).toEqual({ spec: { nodeSelector: {} } });
    expect(patched({ b: null, c: '3' })).toEqual({ spec: { nodeSelector: { a: '1', c: '3' } } });
  });

  it('order the elements of a list, and keep those of others where they were', () => {
    const patch = { spec: { '$setElementOrder/containers': [{ name: 'c' }, { name: 'a' }], containers: [{ name: 'c', image: 'x' }] } };
    const patched = strategicMergePatch<object>(pod([{ name: 'a' }, { name: 'injected' }]), patch, 'Pod');
    expect(names(patched as never)).toEqual(['c', 'a', 'injected']);
  });

  it('order without changing anything else', () => {
    const patch = { spec: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] } };
    expect(names(strategicMergePatch<object>(pod([{ name: 'a' }, { name: 'b' }]), patch, 'Pod') as never)).toEqual(['b', 'a']);
  });

  it('merge and shrink lists of scalars', () => {
    const patched = (metadata: object) => strategicMergePatch<object>(deployment(), { metadata }, 'Deployment') as D;
    expect(patched({ finalizers: ['c', 'a'] }).metadata.finalizers).toEqual(['c', 'a', 'b']);
    expect(patched({ '$deleteFromPrimitiveList/finalizers': ['a'] }).metadata.finalizers).toEqual(['b']);
    const both = { '$deleteFromPrimitiveList/finalizers': ['a'], '$setElementOrder/finalizers': ['c', 'b'], finalizers: ['c'] };
    expect(patched(both).metadata.finalizers).toEqual(['c', 'b']);
  });

  it('do not end up in the object', () => {
    const volumes = [{ name: 'v', $retainKeys: ['name', 'emptyDir'], emptyDir: {}, hostPath: null }];
    const patched = strategicMergePatch<object>({ spec: {} }, { spec: { volumes, '$setElementOrder/volumes': [{ name: 'v' }] } }, 'Pod');
    expect(patched).toEqual({ spec: { volumes: [{ name: 'v', emptyDir: {} }] } });
  });

  it('turn one kind of volume into another', () => {
    const volumes = [{ name: 'v', $retainKeys: ['name', 'configMap'], configMap: { name: 'c' } }];
    const patched = strategicMergePatch<object>({ spec: { volumes: [{ name: 'v', emptyDir: {} }] } }, { spec: { volumes } }, 'Pod');
    expect(patched).toEqual({ spec: { volumes: [{ name: 'v', configMap: { name: 'c' } }] } });
  });
});

describe('strategic merge patch', () => {
  it('merges ports by their merge key alone', () => {
    const ports = (list: object[]) => ({ spec: { ports: list } });
    const patched = strategicMergePatch<object>(
      ports([{ port: 80, protocol: 'TCP', targetPort: 8080 }]),
      ports([{ port: 80, targetPort: 9090 }]),
      'Service',
    );
    expect(patched).toEqual(ports([{ port: 80, protocol: 'TCP', targetPort: 9090 }]));
  });

  it('replaces the selector of a disruption budget', () => {
    const budget = (matchLabels: object) => ({ spec: { selector: { matchLabels } } });
    expect(strategicMergePatch<object>(budget({ a: '1' }), budget({ b: '2' }), 'PodDisruptionBudget')).toEqual(budget({ b: '2' }));
  });

  it('is not for kinds without a schema', () => {
    expect(refusal({}, {}, 'Widget')).toMatchObject({ code: 415, reason: 'UnsupportedMediaType' });
  });

  it('refuses malformed patches', () => {
    const document = { metadata: { finalizers: ['a'] }, spec: { containers: [{ name: 'a' }] } };
    expect(refusal(document, []).code).toBe(400);
    expect(refusal(document, { spec: { $retainKeys: ['a'], b: 1 } }).message).toBe('invalid patch format of retainKeys');
    expect(refusal(document, { spec: { $setElementOrder: [] } }).message).toBe('invalid patch format of setElementOrder list');
    expect(refusal(document, { metadata: { $deleteFromPrimitiveList: ['a'] } }).message).toBe('invalid patch format of primitive list');
    const rejected = refusal(document, { spec: { containers: [{ image: 'x' }] } });
    expect(rejected.toStatus()).toMatchObject({ code: 500, message: 'map: map[image:x] does not contain declared merge key: name' });
    for (const directive of ['improve', 'merge']) {
      expect(refusal(document, { spec: { $patch: directive } }).message).toBe(
        `unknown patch type: ${directive} in map: map[$patch:${directive}]`,
      );
    }
  });

  it.each([
    [{}, [{ name: 'a' }], 'expected a []interface {}, but received a map[string]interface {}'],
    [['a'], [{ name: 'a' }], 'expected a map[string]interface {}, but received a string'],
    [[{ name: 'a' }], [{ x: 1 }], 'map: map[x:1] does not contain declared merge key: name'],
    [[{ name: 'a' }], null, 'expected a []interface {}, but received a %!s(<nil>)'],
    [
      [{ name: 'a' }, { name: 'b' }],
      [{ name: 'b' }, { name: 'a' }],
      "The order in patch list:\n[map[name:b] map[name:a]]\n doesn't match $setElementOrder list:\n[map[name:a] map[name:b]]\n",
    ],
  ])('refuses the order %j of %j', (order, containers, message) => {
    const refused = refusal({ spec: { containers: [{ name: 'a' }] } }, { spec: { '$setElementOrder/containers': order, containers } });
    expect(refused).toMatchObject({ code: 500, message });
  });

  it('takes away nothing, or all, where no list says what', () => {
    const patched = (values: unknown) =>
      strategicMergePatch<object>(
        { metadata: { finalizers: ['a'] } },
        { metadata: { '$deleteFromPrimitiveList/finalizers': values } },
        'Pod',
      );
    expect(patched('a')).toEqual({ metadata: { finalizers: ['a'] } });
    expect(patched(null)).toEqual({ metadata: {} });
  });

  it('replaces nothing where nothing is', () => {
    const patch = { metadata: { labels: { $patch: 'replace', a: 'b' } } };
    expect(strategicMergePatch<object>({ metadata: {} }, patch, 'Pod')).toEqual({ metadata: {} });
  });

  it('takes an order that does not name what is deleted', () => {
    const containers = [{ name: 'b', $patch: 'delete' }, { name: 'a' }];
    const spec = { '$setElementOrder/containers': [{ name: 'a' }], containers };
    const patched = strategicMergePatch<object>({ spec: { containers: [{ name: 'b' }] } }, { spec }, 'Pod');
    expect(patched).toEqual({ spec: { containers: [{ name: 'a' }] } });
  });

  it('refuses bottomless patches', () => {
    let patch: object = {};
    for (let i = 0; i < 5000; i++) patch = { a: patch };
    expect(refusal({}, patch).message).toBe('the document is nested too deeply');
  });

  it('takes keys such as __proto__ for keys', () => {
    const patch = JSON.parse('{"metadata":{"labels":{"__proto__":{"a":1},"constructor":"x"}}}') as object;
    const patched = strategicMergePatch<{ metadata: { labels: object } }>({ metadata: { labels: {} } }, patch, 'Pod');
    expect(Object.keys(patched.metadata.labels)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(patched.metadata.labels)).toBe(Object.prototype);
  });

  it('stays fast on long lists', () => {
    const finalizers = Array.from({ length: 20_000 }, (_, i) => `f${i}`);
    const patched = strategicMergePatch<object>({ metadata: { finalizers } }, { metadata: { finalizers: finalizers.toReversed() } }, 'Pod');
    expect(patched).toEqual({ metadata: { finalizers: finalizers.toReversed() } });
  });

  const container = fc.record(
    { name: fc.constantFrom('a', 'b', 'c', 'd'), image: fc.constantFrom('x', 'y'), tty: fc.boolean() },
    { requiredKeys: ['name'] },
  );
  const containers = fc.uniqueArray(container, { selector: (c) => c.name, maxLength: 4 });

  it('is idempotent, changes neither argument, and loses no container', () => {
    fc.assert(
      fc.property(containers, containers, (before, patch) => {
        const document = { spec: { containers: before } };
        const copies = structuredClone([document, patch]);
        const once = strategicMergePatch(document, { spec: { containers: patch } }, 'Pod');
        expect([document, patch]).toEqual(copies);
        expect(strategicMergePatch(once, { spec: { containers: patch } }, 'Pod')).toEqual(once);
        expect(new Set(once.spec.containers.map((c) => c.name))).toEqual(new Set([...before, ...patch].map((c) => c.name)));
      }),
    );
  });

  it('puts elements in the order of $setElementOrder, whatever the order before', () => {
    fc.assert(
      fc.property(containers, containers, (before, patch) => {
        const order = patch.map(({ name }) => ({ name }));
        const spec = { '$setElementOrder/containers': order, containers: patch };
        const patched = strategicMergePatch({ spec: { containers: before } }, { spec }, 'Pod');
        const named = patched.spec.containers.map((c) => c.name).filter((name) => order.some((o) => o.name === name));
        expect(named).toEqual(order.map((o) => o.name));
      }),
    );
  });
});
