import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeErrors, findUnknown, prune, pruneUnknown } from './decode.ts';

const pod = (spec: object, metadata: object = { name: 'x' }) => ({ apiVersion: 'v1', kind: 'Pod', metadata, spec });
const reason = (spec: object, metadata?: object) =>
  decodeErrors(pod(spec, metadata), 'Pod')?.replace('Pod in version "v1" cannot be handled as a Pod: ', '');

describe('unknown fields', () => {
  it('are removed and named by their path', () => {
    const { object, unknown } = pruneUnknown(
      { ...pod({ foo: 1, containers: [{ name: 'a', imag: 'x', env: [{ name: 'A', valu: '1' }] }] }), extra: {} },
      'Pod',
    );
    expect(unknown).toEqual([
      'unknown field "spec.foo"',
      'unknown field "spec.containers[0].imag"',
      'unknown field "spec.containers[0].env[0].valu"',
      'unknown field "extra"',
    ]);
    expect(object).toEqual(pod({ containers: [{ name: 'a', env: [{ name: 'A' }] }] }));
  });

  it('are only counted, not removed, by findUnknown', () => {
    const object = pod({ foo: 1 });
    expect(findUnknown(object, 'Pod')).toEqual(['unknown field "spec.foo"']);
    expect(object.spec).toEqual({ foo: 1 });
  });

  it('leave empty lists where upstream tells them from missing ones: not in what it stores as protobuf', () => {
    const status = { conditions: [], storedVersions: [] };
    expect(pruneUnknown({ status }, 'CustomResourceDefinition').object).toEqual({ status });
    const node = { spec: { drivers: [{ name: 'd', nodeID: 'n', topologyKeys: [] }] } };
    expect(pruneUnknown(node, 'CSINode').object).toEqual({ spec: { drivers: [{ name: 'd', nodeID: 'n' }] } });
    expect(pruneUnknown({ endpoints: [], ports: [] }, 'EndpointSlice').object).toEqual({});
    expect(pruneUnknown({ spec: { tolerations: [] } }, 'Pod').object).toEqual({ spec: {} });
  });

  it('do not exist for kinds without a schema', () => {
    const object = { kind: 'Widget', spec: { anything: [null] } };
    expect(prune(object, 'Widget')).toEqual([]);
    expect(object).toEqual({ kind: 'Widget', spec: { anything: [null] } });
  });

  it('are looked for with case in mind', () => {
    expect(findUnknown(pod({ nodename: 'a' }), 'Pod')).toEqual(['unknown field "spec.nodename"']);
  });

  it('are reported up to a bound', () => {
    const spec = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`f${i}`, i]));
    expect(findUnknown(pod(spec), 'Pod')).toHaveLength(100);
  });

  it('include what would touch prototypes', () => {
    const object = JSON.parse('{"spec":{"__proto__":{"hostNetwork":true}},"metadata":{"labels":{"__proto__":"x"}}}') as {
      spec: { hostNetwork?: boolean };
    };
    expect(prune(object, 'Pod')).toEqual(['unknown field "spec.__proto__"']);
    expect(object.spec.hostNetwork).toBeUndefined();
  });
});

describe('pruning', () => {
  it('drops nulls and empty optional lists and maps, and keeps empty objects', () => {
    const { object } = pruneUnknown(
      pod(
        { containers: [], volumes: [{ name: 'v', emptyDir: {} }], tolerations: [], nodeName: null, nodeSelector: {}, securityContext: {} },
        { name: 'x', creationTimestamp: null, labels: {}, annotations: { a: null } },
      ),
      'Pod',
    );
    expect(object).toEqual(
      pod({ containers: [], volumes: [{ name: 'v', emptyDir: {} }], securityContext: {} }, { name: 'x', annotations: { a: '' } }),
    );
  });

  it('drops zeros where Go does, and keeps those that say something', () => {
    const securityContext = { privileged: false, runAsUser: 0 };
    const env = [{ name: 'A', value: '' }];
    const container = { name: '', image: '', args: [''], env, securityContext, stdin: false, ports: [{ containerPort: 0, hostPort: 0 }] };
    const { object } = pruneUnknown(
      pod(
        { containers: [container], hostNetwork: false, hostname: '', priority: 0, nodeSelector: { a: '' } },
        { name: 'x', generateName: '' },
      ),
      'Pod',
    );
    const kept = { name: '', args: [''], env: [{ name: 'A' }], securityContext, ports: [{ containerPort: 0 }] };
    expect(object).toEqual(pod({ containers: [kept], priority: 0, nodeSelector: { a: '' } }));
  });

  it('keeps the zeros of quantities, of ports that may have names and of free-form values', () => {
    const probe = { httpGet: { port: 0 }, initialDelaySeconds: 0 };
    const { object } = pruneUnknown(pod({ containers: [{ name: 'a', livenessProbe: probe, resources: { limits: { cpu: 0 } } }] }), 'Pod');
    expect(object.spec).toEqual({
      containers: [{ name: 'a', livenessProbe: { httpGet: { port: 0 } }, resources: { limits: { cpu: '0' } } }],
    });
    const schema = { default: false, enum: [0, '', false], nullable: false };
    expect(pruneUnknown(schema, 'JSONSchemaProps').object).toEqual({ default: false, enum: [0, '', false] });
  });

  it('replaces frozen parts that have such zeros by copies, and leaves the others alone', () => {
    const complete = Object.freeze({ name: 'a', image: 'i' });
    const containers = Object.freeze([complete, Object.freeze({ name: 'b', tty: false })]);
    const spec = Object.freeze({ containers, hostIPC: false });
    const draft = pod(spec);
    expect(prune(draft, 'Pod')).toEqual([]);
    expect(draft.spec).toEqual({ containers: [complete, { name: 'b' }] });
    expect((draft.spec as typeof spec).containers[0]).toBe(complete);
    expect(containers[1]).toEqual({ name: 'b', tty: false });
  });

  it('turns a null in a list into the zero value, as Go does', () => {
    const { object } = pruneUnknown(pod({ containers: [null, { name: 'a', args: [null, 'x'] }] }), 'Pod');
    expect(object.spec).toEqual({ containers: [{}, { name: 'a', args: ['', 'x'] }] });
  });

  it('makes quantities canonical', () => {
    const resources = { limits: { cpu: '1000m', memory: '1024Ki' }, requests: { cpu: 0.5 } };
    const { object } = pruneUnknown(
      pod({ containers: [{ name: 'a', resources }], volumes: [{ name: 'v', emptyDir: { sizeLimit: '0.5Gi' } }] }),
      'Pod',
    );
    expect(object.spec).toEqual({
      containers: [{ name: 'a', resources: { limits: { cpu: '1', memory: '1Mi' }, requests: { cpu: '500m' } } }],
      volumes: [{ name: 'v', emptyDir: { sizeLimit: '512Mi' } }],
    });
  });

  it('writes times in UTC, with microseconds only where the API has them', () => {
    const lease = {
      metadata: { creationTimestamp: '2024-05-01T12:00:00.5+02:00' },
      spec: { renewTime: '2024-05-01T12:00:00.123456+02:00' },
    };
    prune(lease, 'Lease');
    expect(lease).toEqual({ metadata: { creationTimestamp: '2024-05-01T10:00:00Z' }, spec: { renewTime: '2024-05-01T10:00:00.123456Z' } });
  });

  it.each([
    ['2024-05-01T12:00:00Z', 'cannot parse "Z" as ".000000"'],
    ['2024-05-01T12:00:00.123Z', 'cannot parse ".123Z" as ".000000"'],
    ['2024-05-01T12:00:00.1234567+02:00', 'cannot parse "7+02:00" as "Z07:00"'],
  ])('takes microseconds and nothing else where there are some: %s', (renewTime, fault) => {
    expect(() => prune({ apiVersion: 'coordination.k8s.io/v1', spec: { renewTime } }, 'Lease')).toThrow(fault);
  });

  it('leaves free-form values as they are', () => {
    const revision = { data: { spec: { a: null, b: [] } }, revision: 1 };
    prune(revision, 'ControllerRevision');
    expect(revision.data).toEqual({ spec: { a: null, b: [] } });
  });

  it('shows the time before all times as none', () => {
    const status = { conditions: [{ type: 'A', status: 'True', lastTransitionTime: '0001-01-01T00:00:00Z' }] };
    const { object } = pruneUnknown({ status }, 'Deployment');
    expect(object.status.conditions[0]).toEqual({ type: 'A', status: 'True', lastTransitionTime: null });
    const lease = pruneUnknown({ spec: { renewTime: '0001-01-01T00:00:00.000000Z', acquireTime: '0001-01-01T00:00:00.000001Z' } }, 'Lease');
    expect(lease.object.spec).toEqual({ renewTime: null, acquireTime: '0001-01-01T00:00:00.000001Z' });
  });

  it('changes nothing the second time', () => {
    const scalar = fc.oneof(fc.constantFrom('1Gi', '2024-01-01T00:00:00Z', 'x', '', null), fc.integer(), fc.boolean());
    const names = fc.constantFrom(
      'metadata',
      'spec',
      'containers',
      'name',
      'resources',
      'limits',
      'labels',
      'volumes',
      'emptyDir',
      'sizeLimit',
      'odd',
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        scalar,
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(names, tie('tree'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(names, tree, { maxKeys: 4 }), (object) => {
        if (decodeErrors(object, 'Pod') !== undefined) return;
        const once = pruneUnknown(object, 'Pod').object;
        const twice = pruneUnknown(once, 'Pod');
        expect(twice.unknown).toEqual([]);
        expect(twice.object).toEqual(once);
      }),
      { numRuns: 300 },
    );
  });
});

describe('values that do not fit', () => {
  it.each([
    [{ containers: 'x' }, 'json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container'],
    [{ containers: [{ image: 5 }] }, 'json: cannot unmarshal number into Go struct field Container.spec.containers.image of type string'],
    [
      { containers: [{ ports: [{ containerPort: '80' }] }] },
      'json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32',
    ],
    [{ priority: 3e9 }, 'json: cannot unmarshal number 3000000000 into Go struct field PodSpec.spec.priority of type int32'],
    [{ priority: 1.5 }, 'json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.priority of type int32'],
    [{ hostNetwork: 'true' }, 'json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool'],
    [{ nodeSelector: { a: true } }, 'json: cannot unmarshal bool into Go struct field PodSpec.spec.nodeSelector of type string'],
    [{ nodeSelector: [] }, 'json: cannot unmarshal array into Go struct field PodSpec.spec.nodeSelector of type map[string]string'],
    [{ containers: [{ livenessProbe: { httpGet: { port: true } } }] }, 'json: cannot unmarshal bool into Go value of type int32'],
    [{ overhead: { cpu: 'much' } }, "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
    [{ overhead: { cpu: {} } }, "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
  ])('%j: %s', (spec, expected) => {
    expect(reason(spec)).toBe(expected);
  });

  it('names labels without their key', () => {
    expect(reason({}, { labels: { a: 1 } })).toBe(
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
    );
  });

  it.each([
    ['2026-02-29T00:00:00Z', 'day'],
    ['2026-04-31T00:00:00+02:00', 'day'],
    ['2026-01-00T00:00:00Z', 'day'],
    ['2026-13-01T00:00:00Z', 'month'],
    ['2026-01-01T24:00:00Z', 'hour'],
    ['2026-01-01T00:60:00Z', 'minute'],
    ['2026-01-01T00:00:60Z', 'second'],
  ])('is the time %s, of which the %s is not there', (time, part) => {
    expect(reason({}, { creationTimestamp: time })).toBe(`parsing time ${JSON.stringify(time)}: ${part} out of range`);
  });

  it('is not the last day of a leap year', () => {
    expect(reason({}, { creationTimestamp: '2028-02-29T23:59:59Z' })).toBeUndefined();
  });

  it('is a time that is none', () => {
    expect(reason({}, { creationTimestamp: 'now' })).toBe(
      'parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006"',
    );
  });

  it('is base64 that is none', () => {
    const secret = (value: string) => decodeErrors({ apiVersion: 'v1', kind: 'Secret', data: { a: value } }, 'Secret');
    expect(secret('YWJj')).toBeUndefined();
    expect(secret('YW\nJj')).toBeUndefined();
    expect(secret('a$c=')).toBe('Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 1');
    expect(secret('YWJjZ')).toContain('illegal base64 data at input byte 4');
  });

  it('calls the version without its group', () => {
    expect(decodeErrors({ apiVersion: 'apps/v1', kind: 'Deployment', spec: [] }, 'Deployment')).toMatch(
      /^Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec$/,
    );
  });

  it('is an object that nests without end', () => {
    let schema: object = {};
    for (let i = 0; i < 3000; i++) schema = { not: schema };
    expect(decodeErrors(schema, 'JSONSchemaProps')).toContain('exceeded max depth');
  });
});

it.each([
  ['V2HorizontalPodAutoscaler', { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', status: 1 }, 'HorizontalPodAutoscaler'],
  ['EventsV1Event', { apiVersion: 'events.k8s.io/v1', kind: 'Event', action: 1 }, 'Event'],
])('a fault of %s is told without the version in the name of its schema', (schema, object, kind) => {
  const told = decodeErrors(object, schema);
  expect(told).toContain(`cannot be handled as a ${kind}: `);
  expect(told).toContain(`into Go struct field ${kind}.`);
});
