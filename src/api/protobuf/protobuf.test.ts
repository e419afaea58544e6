import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apiVersionOf } from '../define.ts';
import { definitions } from '../index.ts';
import type { KubeObject } from '../meta/object.ts';
import { ApiError } from '../meta/status.ts';
import { fakeObject } from '../schema/fake-object.ts';
import { type FieldType, schemaOf } from '../schema/index.ts';
import { decodeProtobuf, encodeProtobuf, hasProtobuf } from './index.ts';
import { type Message, messageOf } from './messages.ts';

const SCALARS: Readonly<Record<string, unknown>> = {
  time: '2026-05-06T07:08:09Z',
  microTime: '2026-05-06T07:08:09.000123Z',
  byte: 'aGk=',
};

/** Fake objects have words where times and bytes belong; and upstream does not write the type of an object inside another. */
function typed(value: unknown, type: FieldType): unknown {
  switch (type.is) {
    case 'scalar':
      return SCALARS[type.scalar] ?? value;
    case 'list':
      return (value as unknown[]).map((item) => typed(item, type.items));
    case 'map':
      return Object.fromEntries(Object.entries(value as object).map(([key, item]) => [key, typed(item, type.values)]));
    case 'schema': {
      const { fields } = schemaOf(type.name);
      const isObject = fields.has('metadata') || type.name === 'DeleteOptions';
      const entries = Object.entries(value as object).filter(([name]) => !(isObject && (name === 'kind' || name === 'apiVersion')));
      return Object.fromEntries(
        entries.map(([name, item]) => [name, name === 'window' ? '1m2.5s' : typed(item, fields.get(name)?.type ?? type)]),
      );
    }
  }
}

const namesIn = ({ fields }: Message): Set<string> =>
  new Set(fields.flatMap((field) => ('embeds' in field ? [...namesIn(field.embeds)] : [field.name])));

/** Without what may be left out: zeros, empty lists and maps, and what then is empty itself. */
function substance(value: unknown): unknown {
  if (Array.isArray(value)) return value.length > 0 ? value.map((item) => substance(item) ?? null) : undefined;
  if (typeof value !== 'object' || value === null) return value || undefined;
  const kept = Object.entries(value).flatMap(([key, item]) => {
    const inner = substance(item);
    return inner === undefined || inner === '0' ? [] : [[key, inner]];
  });
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}

const kinds = [
  ...definitions.map((d) => ({ schema: d.schema, apiVersion: apiVersionOf(d), kind: d.kind })),
  { schema: 'Scale', apiVersion: 'autoscaling/v1', kind: 'Scale' },
  { schema: 'Eviction', apiVersion: 'policy/v1', kind: 'Eviction' },
  { schema: 'AuthenticationV1TokenRequest', apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' },
  { schema: 'DeleteOptions', apiVersion: 'apps/v1', kind: 'DeleteOptions' },
  { schema: 'Status', apiVersion: 'v1', kind: 'Status' },
  { schema: 'CustomResourceDefinition', apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
  ...['APIGroup', 'APIResourceList', 'APIVersions'].map((kind) => ({ schema: kind, apiVersion: 'v1', kind })),
  { schema: 'APIService', apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService' },
];

const objectOf = ({ schema, apiVersion, kind }: (typeof kinds)[number]): fc.Arbitrary<KubeObject> =>
  fakeObject(schema, { complete: false }).map((value) => ({
    ...(typed(value, { is: 'schema', name: schema }) as object),
    apiVersion,
    kind,
  }));

describe('protobuf', () => {
  it.each(kinds)('$apiVersion $kind comes back as it was written', (kind) => {
    fc.assert(
      fc.property(objectOf(kind), (object) => {
        const once = decodeProtobuf(encodeProtobuf(object));
        expect(substance(once)).toEqual(substance(object));
        expect(decodeProtobuf(encodeProtobuf(once))).toEqual(once);
      }),
      { numRuns: 15 },
    );
  });

  it('has a number for every field of every schema that a kind reaches', () => {
    const withoutNumber: string[] = [];
    const seen = new Set<string>();
    const visit = (type: FieldType): void => {
      if (type.is === 'list') visit(type.items);
      else if (type.is === 'map') visit(type.values);
      else if (type.is === 'schema' && !seen.has(type.name)) {
        seen.add(type.name);
        const numbered = namesIn(messageOf(type.name));
        const { fields } = schemaOf(type.name);
        for (const field of fields.values()) {
          visit(field.type);
          if (!numbered.has(field.name)) withoutNumber.push(`${type.name}.${field.name}`);
        }
      }
    };
    for (const { schema } of kinds) visit({ is: 'schema', name: schema });
    expect(withoutNumber.filter((name) => !/\.(apiVersion|kind)$/.test(name))).toEqual(['JSONSchemaProps.dependencies']);
  });

  it('ends as upstream does, with an envelope that says nothing of its content', () => {
    const bytes = Buffer.from(encodeProtobuf({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }));
    expect(bytes.subarray(0, 4).toString('latin1')).toBe('k8s\0');
    expect(bytes.subarray(-4).toString('hex')).toBe('1a002200');
  });

  it('writes lists of objects, whose items have no type of their own', () => {
    const metadata = { resourceVersion: '7' };
    const items = [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { x: 'y' } }];
    const list: KubeObject = Object.assign({ apiVersion: 'v1', kind: 'ConfigMapList', metadata }, { items });
    expect(decodeProtobuf(encodeProtobuf(list))).toEqual({ ...list, items: [{ metadata: { name: 'a' }, data: { x: 'y' } }] });
  });

  it('writes quantities as messages, the tolerance of an autoscaler too', () => {
    const spec = { maxReplicas: 3, behavior: { scaleUp: { tolerance: '100m' } }, scaleTargetRef: { kind: 'Deployment', name: 'web' } };
    const bytes = encodeProtobuf({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'web' },
      spec,
    } as KubeObject);
    // Field 4 of HPAScalingRules, in it field 1 of Quantity, in it the text.
    expect(Buffer.from(bytes).toString('latin1')).toContain('\x22\x06\x0a\x04100m');
  });

  it('writes the window of metrics in nanoseconds', () => {
    const metrics = { apiVersion: 'metrics.k8s.io/v1beta1', kind: 'NodeMetrics', metadata: { name: 'a' }, window: '15s' };
    // Field 3 of NodeMetrics, in it field 1 of Duration, in it 15,000,000,000.
    expect(Buffer.from(encodeProtobuf(metrics)).toString('hex')).toContain('1a060880acc7f037');
  });

  it('refuses to write what a CustomResourceDefinition brought', () => {
    const widget = { apiVersion: 'example.com/v1', kind: 'Widget' };
    expect(hasProtobuf(widget)).toBe(false);
    expect(() => encodeProtobuf(widget)).toThrow(expect.objectContaining({ reason: 'NotAcceptable' }));
  });

  it('keeps keys of maps that would change a prototype', () => {
    const data = JSON.parse('{"__proto__":"x"}');
    const decoded = decodeProtobuf(encodeProtobuf({ apiVersion: 'v1', kind: 'ConfigMap', data } as KubeObject));
    expect(Object.getOwnPropertyDescriptor((decoded as { data?: object }).data, '__proto__')?.value).toBe('x');
  });
});

describe('zero values', () => {
  const through = (object: object) => decodeProtobuf(encodeProtobuf(object as KubeObject));

  it('stay where upstream has a pointer', () => {
    const scaledDown = { apiVersion: 'apps/v1', kind: 'Deployment', spec: { replicas: 0 } };
    expect(through(scaledDown)).toEqual(scaledDown);
    const unmounted = { apiVersion: 'v1', kind: 'ServiceAccount', automountServiceAccountToken: false };
    expect(through(unmounted)).toEqual(unmounted);
  });

  it('are left out where upstream leaves them out', () => {
    const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'x', namespace: '' } };
    expect(through({ ...deployment, spec: { minReadySeconds: 0, paused: false } })).toEqual({
      ...deployment,
      metadata: { name: 'x' },
      spec: {},
    });
  });

  it('are left out of required fields that upstream leaves them out of', () => {
    const address = { apiVersion: 'networking.k8s.io/v1', kind: 'IPAddress', metadata: { name: '10.0.0.1' } };
    expect(through({ ...address, spec: { parentRef: { name: '', resource: 'services' } } })).toEqual({
      ...address,
      spec: { parentRef: { resource: 'services' } },
    });
  });

  it('stay in required fields and in lists', () => {
    const sums = { apiVersion: 'v1', kind: 'ConfigMap', data: { empty: '' }, metadata: { finalizers: [''] } };
    expect(through(sums)).toEqual(sums);
    const priority = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', value: 0 };
    expect(through(priority)).toEqual(priority);
  });
});

describe('malformed bytes', () => {
  const isBadRequest = (bytes: Uint8Array) => {
    try {
      decodeProtobuf(bytes);
    } catch (e) {
      if (!(e instanceof ApiError)) throw e;
      expect(e.reason).toBe('BadRequest');
    }
  };
  const valid = encodeProtobuf({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', labels: { a: 'b' }, creationTimestamp: SCALARS.time as string },
    spec: { containers: [{ name: 'c', ports: [{ containerPort: 80 }], resources: { limits: { cpu: '1' } } }] },
  } as KubeObject);

  it('are answered with BadRequest or read, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        isBadRequest(bytes);
        isBadRequest(Uint8Array.from([0x6b, 0x38, 0x73, 0x00, ...bytes]));
      }),
      { numRuns: 300 },
    );
  });

  it('are answered with BadRequest or read when an object is damaged', () => {
    const damage = fc.record({ at: fc.nat(valid.length - 1), byte: fc.nat(255), end: fc.nat(valid.length) });
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 4 }), (damages) => {
        const bytes = valid.slice(0, damages[0]?.byte === 0 ? damages[0].end : valid.length);
        for (const { at, byte } of damages) if (at < bytes.length) bytes[at] = byte;
        isBadRequest(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  it('say what is wrong with them', () => {
    expect(() => decodeProtobuf(new TextEncoder().encode('{"kind":"Pod"}'))).toThrow(/expected prefix \[107 56 115 0\]/);
    expect(() => decodeProtobuf(valid.slice(0, -1))).toThrow(/couldn't decode the protobuf body: /);
    const magic = [0x6b, 0x38, 0x73, 0x00];
    expect(() => decodeProtobuf(Uint8Array.from(magic))).toThrow(/no kind "" is registered for version ""/);
  });

  it('that nest too deeply are refused', () => {
    let schema: object = {};
    for (let i = 0; i < 1500; i++) schema = { not: schema };
    const spec = { versions: [{ schema: { openAPIV3Schema: schema } }] };
    const crd = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', spec };
    expect(() => decodeProtobuf(encodeProtobuf(crd as KubeObject))).toThrow(/exceeded max depth/);
  });
});

it('keeps managedFields as they are, whatever their elements are called', () => {
  const fieldsV1 = { 'f:data': { '.': {}, 'f:k': {} }, 'f:list': { 'k:{"name":"a\\u003cb"}': { '.': {}, 'f:x': {} }, 'v:1': {} } };
  const entry = { manager: 'm', operation: 'Apply', apiVersion: 'v1', time: '2026-05-06T07:08:09Z', fieldsType: 'FieldsV1', fieldsV1 };
  const metadata = { name: 'c', managedFields: [entry, { ...entry, operation: 'Update', subresource: 'status' }] };
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata };
  expect(decodeProtobuf(encodeProtobuf(object))).toMatchObject(object);
});
