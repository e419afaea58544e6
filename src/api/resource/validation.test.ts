import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ResourceDefinition } from '../define.ts';
import type { KubeObject } from '../meta/object.ts';
import { deviceClasses } from './device-class.ts';
import { checkUid } from './device-lists.ts';
import { resourceClaims } from './resource-claim.ts';
import { resourceClaimTemplates } from './resource-claim-template.ts';
import { resourceSlices } from './resource-slice.ts';

const context = { now: '2026-01-01T00:00:00Z', user: { name: 'u', groups: [] }, subresource: '' };
const lines = (errors: readonly { path: string; message: string }[] | undefined) => (errors ?? []).map((e) => `${e.path}: ${e.message}`);

function created<T extends KubeObject>({ hooks }: ResourceDefinition<T>, object: object): string[] {
  const draft = structuredClone(object) as T;
  hooks.defaults?.(draft);
  return [...lines(hooks.validate?.(draft)), ...lines(hooks.validateCreate?.(draft, context))];
}

const exactly = (more: object = {}) => ({ deviceClassName: 'gpu.example.com', ...more });
const claim = (devices: object) => ({ metadata: { name: 'c' }, spec: { devices } });
const request = (more: object = {}, name = 'r') => ({ name, exactly: exactly(more) });
const selector = (expression: string) => ({ selectors: [{ cel: { expression } }] });
const REFERENCE = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

describe('a ResourceClaim', () => {
  it.each<[object, string[]]>([
    [{ requests: [request()] }, []],
    [{ requests: [request(selector('device.attributes["gpu.example.com"].memory == "80Gi" && device.driver == "d"'))] }, []],
    [{ requests: [{ name: 'r' }] }, ['spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required']],
    [
      { requests: [{ ...request(), firstAvailable: [{ name: 'a', ...exactly() }] }] },
      [
        'spec.devices.requests[0]: Invalid value: null: exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set',
      ],
    ],
    [{ requests: [request(), request()] }, ['spec.devices.requests[1]: Duplicate value: "r"']],
    [
      { requests: [request({ allocationMode: 'All', count: 2 })] },
      ["spec.devices.requests[0].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'"],
    ],
    [
      { requests: [request({ allocationMode: 'Some' })] },
      ['spec.devices.requests[0].exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"'],
    ],
    [
      { requests: [request(selector('device.driver'))] },
      [
        'spec.devices.requests[0].exactly.selectors[0].cel.expression: Invalid value: "device.driver": must evaluate to bool or the unknown type, not string',
      ],
    ],
    [
      { requests: [request({ tolerations: [{ operator: 'Exists', value: 'x', effect: 'Never' }] })] },
      [
        'spec.devices.requests[0].exactly.tolerations[0].value: Invalid value: "x": must be empty for operator `Exists`',
        'spec.devices.requests[0].exactly.tolerations[0].effect: Unsupported value: "Never": supported values: "NoExecute", "NoSchedule", "None"',
      ],
    ],
    [
      { requests: [request()], constraints: [{ requests: ['other'], matchAttribute: 'model' }, {}] },
      [
        `spec.devices.constraints[0].requests[0]: Invalid value: "other": ${REFERENCE}`,
        'spec.devices.constraints[0].matchAttribute: Invalid value: "model": a fully qualified name must be a domain and a name separated by a slash',
        'spec.devices.constraints[1]: Required value: exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set',
      ],
    ],
    [
      {
        requests: [{ name: 'r', firstAvailable: [{ name: 'a', ...exactly() }] }],
        config: [{ requests: ['r/a', 'r/b'], opaque: { driver: 'd', parameters: [] } }],
      },
      [
        `spec.devices.config[0].requests[1]: Invalid value: "r/b": ${REFERENCE}`,
        'spec.devices.config[0].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object',
      ],
    ],
    [
      { requests: Array.from({ length: 33 }, (_, i) => request({}, `r${i}`)) },
      ['spec.devices.requests: Too many: 33: must have at most 32 items'],
    ],
  ])('%# is checked as upstream checks it', (devices, findings) => expect(created(resourceClaims, claim(devices))).toEqual(findings));

  it('stays as it was made, as its template does', () => {
    const one = { allocationMode: 'ExactCount', count: 1 };
    const [before, after] = [claim({ requests: [request(one)] }), claim({ requests: [request(one, 'other')] })];
    const template = (spec: object) => ({ metadata: { name: 't' }, spec: { spec } });
    const changed = <T extends KubeObject>({ hooks }: ResourceDefinition<T>, now: object, old: object) =>
      hooks.validateUpdate?.(now as T, old as T, context).map(({ path, message }) => `${path} ${message.endsWith('field is immutable')}`);
    expect(changed(resourceClaims, after, before)).toEqual(['spec true']);
    expect(changed(resourceClaimTemplates, template(after.spec), template(before.spec))).toEqual(['spec true']);
    expect(created(resourceClaimTemplates, template({ devices: { requests: [{ name: 'R', exactly: exactly() }] } }))).toHaveLength(1);
  });

  it('is given devices that fit its requests, and is reserved for what uses them', () => {
    const result = { request: 'r', driver: 'd', pool: 'p', device: 'd0' };
    const allocation = { devices: { results: [result] } };
    const status = (now: object, old: object = {}) => {
      const whole = claim({ requests: [request()] });
      return lines(resourceClaims.hooks.validateStatus?.({ ...whole, status: now } as never, { ...whole, status: old } as never));
    };
    const pod = { resource: 'pods', name: 'p', uid: 'u' };
    expect(status({ allocation, reservedFor: [pod] })).toEqual([]);
    expect(status({ reservedFor: [pod] })).toEqual(['status.reservedFor: Forbidden: may not be specified when `allocated` is not set']);
    expect(status({ allocation: { devices: { results: [{ ...result, request: 'x' }] } } })).toEqual([
      `status.allocation.devices.results[0].request: Invalid value: "x": ${REFERENCE}`,
    ]);
    expect(status({ allocation: { devices: { results: [{ ...result, device: 'd1' }] } } }, { allocation })[0]).toMatch(
      /field is immutable$/,
    );
    expect(status({ allocation, devices: [{ driver: 'd', pool: 'p', device: 'd9' }] })).toEqual([
      'status.devices[0]: Invalid value: "d/p/d9": must be an allocated device in the claim',
    ]);
    const device = { driver: 'd', pool: 'p', device: 'd0' };
    const networkData = { interfaceName: 'e'.repeat(257), hardwareAddress: 'é'.repeat(65), ips: ['10.0.0.1'] };
    const conditions = Array.from({ length: 9 }, (_, i) => ({
      type: `t${i}`,
      status: 'True',
      reason: 'Made',
      lastTransitionTime: context.now,
    }));
    expect(status({ allocation, devices: [{ ...device, networkData, conditions }] })).toEqual([
      'status.devices[0].conditions: Too many: 9: must have at most 8 items',
      'status.devices[0].networkData.interfaceName: Too long: may not be more than 256 bytes',
      'status.devices[0].networkData.hardwareAddress: Too long: may not be more than 128 bytes',
      expect.stringContaining('status.devices[0].networkData.ips[0]: Invalid value: "10.0.0.1": must be a valid address in CIDR form'),
    ]);
  });

  it('loses with a device what its driver said of it, and nothing else', () => {
    const [d0, d1] = ['d0', 'd1'].map((device) => ({ driver: 'd', pool: 'p', device })) as [object, object];
    const afterwards = (results: object[], devices: object[]) => {
      const draft = { status: { allocation: { devices: { results } }, devices } };
      const old = { status: { allocation: { devices: { results: [d0, d1] } } } };
      resourceClaims.hooks.prepareForUpdate?.(draft as never, old as never, { ...context, subresource: 'status' });
      return draft.status.devices;
    };
    expect(afterwards([d0, d1], [d0, d1])).toEqual([d0, d1]);
    expect(afterwards([d0], [d0, d1])).toEqual([d0]);
    expect(afterwards([], [d0, d1])).toBeUndefined();
    const never = { driver: 'd', pool: 'p', device: 'never' };
    expect(afterwards([d0], [never, d1])).toEqual([never]);
  });
});

it('a DeviceClass is checked as upstream checks it', () => {
  const deviceClass = (spec: object) => created(deviceClasses, { metadata: { name: 'c' }, spec });
  expect(deviceClass({ ...selector('device.driver == "x"'), extendedResourceName: 'example.com/gpu' })).toEqual([]);
  expect(deviceClass({ selectors: [{}], config: [{}], extendedResourceName: 'cpu' })).toEqual([
    'spec.selectors[0].cel: Required value',
    'spec.config[0].opaque: Required value',
    'spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name',
  ]);
});

describe('a ResourceSlice', () => {
  it('keeps fields of features that are off only when it had such fields before', () => {
    const spec = (attribute: object, mappings?: object) => ({
      driver: 'd',
      devices: [{ name: 'd0', attributes: { model: attribute }, nodeAllocatableResourceMappings: mappings }],
    });
    const rich = () => ({ spec: spec({ strings: ['a'] }, { cpu: { capacityKey: 'cores' } }) });
    const written = (old?: object) => {
      const draft = rich();
      if (old) resourceSlices.hooks.prepareForUpdate?.(draft as never, old as never, context);
      else resourceSlices.hooks.prepareForCreate?.(draft as never, context);
      return draft;
    };
    expect(written()).toEqual({ spec: spec({}) });
    expect(written({ spec: spec({ string: 'a' }) })).toEqual({ spec: spec({}) });
    expect(written(rich())).toEqual(rich());
  });

  it('warns of drivers that are not written in lower case', () => {
    const warnings = (driver: string) => resourceSlices.hooks.warnings?.({ spec: { driver } } as never, undefined);
    expect(warnings('d.example.com')).toEqual([]);
    expect(warnings('D')).toEqual(['spec.driver: driver names should be lowercase; "D" contains uppercase characters']);
  });

  const slice = (spec: object, devices: object[] = [{ name: 'd0' }]) => ({
    metadata: { name: 's' },
    spec: { driver: 'd.example.com', pool: { name: 'p', generation: 0, resourceSliceCount: 1 }, nodeName: 'n', devices, ...spec },
  });
  const WHICH = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
  it.each<[object, string[]]>([
    [slice({}), []],
    [slice({ nodeName: undefined }), [`spec: Required value: ${WHICH}`]],
    [slice({ allNodes: true }), [`spec: Invalid value: "{\`nodeName\`, \`allNodes\`}": ${WHICH}, but multiple fields are set`]],
    [
      slice({ pool: { name: 'P', generation: -1, resourceSliceCount: 0 } }),
      [
        expect.stringMatching(/^spec\.pool\.name: Invalid value: "P": a lowercase RFC 1123 subdomain/) as unknown as string,
        'spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero',
        'spec.pool.generation: Invalid value: -1: must be greater than or equal to zero',
      ],
    ],
    [slice({}, [{ name: 'd0' }, { name: 'd0' }]), ['spec.devices[1]: Duplicate value: "d0"']],
    [
      slice({}, [{ name: 'd0', attributes: { version: { version: '1.2' }, none: {}, 'a/b/c': { bool: true } } }]),
      [
        'spec.devices[0].attributes[version].version: Invalid value: "1.2": must be a string compatible with semver.org spec 2.0.0',
        'spec.devices[0].attributes[none]: Invalid value: "": exactly one value must be specified',
      ],
    ],
    [
      slice({}, [{ name: 'd0', taints: [{ key: 'k', effect: 'Often' }], allNodes: true }]),
      [
        'spec.devices[0].taints[0].effect: Unsupported value: "Often": supported values: "NoExecute", "NoSchedule", "None"',
        'spec.devices[0]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
      ],
    ],
    [
      slice({}, [
        {
          name: 'd0',
          allowMultipleAllocations: true,
          capacity: { m: { value: '10', requestPolicy: { default: '3', validRange: { min: '2', step: '2' } } } },
        },
      ]),
      [
        'spec.devices[0].capacity[m].requestPolicy.validRange.step: Invalid value: "3": value is not a multiple of a given step (2) from (2)',
      ],
    ],
    [
      slice({}, [{ name: 'd0', capacity: { m: { value: '10', requestPolicy: {} } } }]),
      ['spec.devices[0].capacity[m].requestPolicy: Forbidden: allowMultipleAllocations must be true'],
    ],
    [
      slice({}, [{ name: 'd0', bindingConditions: ['a', 'a'] }]),
      [
        'spec.devices[0].bindingConditions[1]: Duplicate value: "a"',
        'spec.devices[0].bindingFailureConditions: Invalid value: null: bindingFailureConditions are required to use bindingConditions',
      ],
    ],
    [
      slice({}, [{ name: 'd0', attributes: { [`${'a'.repeat(60)}.${'b'.repeat(60)}/c`]: {} } }]),
      [
        'spec.devices[0].attributes: Too long: may not be more than 63 bytes',
        `spec.devices[0].attributes[${'a'.repeat(47)}...${'b'.repeat(44)}/c]: Invalid value: "": exactly one value must be specified`,
      ],
    ],
    [slice({ sharedCounters: [] }), ['spec: Invalid value: "": only one of `sharedCounters` or `devices` is allowed']],
  ])('%# is checked as upstream checks it', (object, findings) => expect(created(resourceSlices, object)).toEqual(findings));

  it('stays with its driver, pool and node', () => {
    const moved = slice({ driver: 'e', nodeName: 'm' });
    const findings = resourceSlices.hooks.validateUpdate?.(moved as never, slice({}) as never, context);
    expect(findings?.map(({ path }) => path)).toEqual(['spec.driver', 'spec.nodeName']);
    const both = resourceSlices.hooks.validateUpdate?.(slice({ driver: 'e', allNodes: true }) as never, slice({}) as never, context);
    expect(both?.map(({ path }) => path)).toEqual(['spec.driver', 'spec']);
  });

  it('is checked without failing, whatever its devices hold', () => {
    const attribute = fc.record({ bool: fc.boolean(), ints: fc.array(fc.integer()), version: fc.string() }, { requiredKeys: [] });
    const capacity = fc.record({
      value: fc.constantFrom('1', '10Gi', '3m'),
      requestPolicy: fc.record(
        { default: fc.constantFrom('1', '2Gi'), validValues: fc.array(fc.constantFrom('1', '2', '1Gi')) },
        { requiredKeys: [] },
      ),
    });
    const device = fc.record(
      {
        name: fc.string(),
        attributes: fc.dictionary(fc.string(), attribute),
        capacity: fc.dictionary(fc.string(), capacity),
        allowMultipleAllocations: fc.boolean(),
      },
      { requiredKeys: ['name'] },
    );
    fc.assert(
      fc.property(fc.array(device), (devices) => {
        for (const line of created(resourceSlices, slice({}, devices))) expect(line).toMatch(/^spec/);
      }),
    );
  });
});

describe('a share of a device', () => {
  const uuid = '123e4567-e89b-12d3-a456-426614174000';
  const NORMAL = expect.stringMatching(/^uid must be in RFC 4122 normalized form/);
  it.each([
    [uuid, undefined],
    [uuid.toUpperCase(), NORMAL],
    [`urn:uuid:${uuid}`, NORMAL],
    [`{${uuid}}`, NORMAL],
    [uuid.replaceAll('-', ''), NORMAL],
    [uuid.replace('1', 'x'), 'error validating uid: invalid UUID format'],
    [`(${uuid})`, 'error validating uid: invalid bracketed UUID format'],
    [`uri:uuid:${uuid}`, 'error validating uid: invalid urn prefix: "uri:uuid:"'],
    ['abc', 'error validating uid: invalid UUID length: 3'],
  ])('is named by a UUID: %s', (uid, finding) => {
    const message = checkUid('p', uid)[0]?.message.replace(`Invalid value: "${uid}": `, '');
    expect(message).toEqual(finding);
  });
});

describe('tolerations of devices', () => {
  it('ask for the value unless they say otherwise, in requests and in what came of them', () => {
    const tolerations = () => [{ key: 'k' }];
    const draft = claim({
      requests: [request({ tolerations: tolerations() }), { name: 'o', firstAvailable: [{ tolerations: tolerations() }] }],
    });
    const status = { allocation: { devices: { results: [{ tolerations: tolerations() }] } } };
    resourceClaims.hooks.defaults?.({ ...draft, status } as never);
    const equal = [{ key: 'k', operator: 'Equal' }];
    const { requests } = draft.spec.devices as never as { requests: { exactly?: object; firstAvailable?: object[] }[] };
    expect(requests.map(({ exactly: one, firstAvailable }) => one ?? firstAvailable?.[0])).toMatchObject([
      { tolerations: equal },
      { tolerations: equal },
    ]);
    expect(status.allocation.devices.results).toEqual([{ tolerations: equal }]);
  });
});

it('a template names labels and annotations of its claims, and nothing else', () => {
  const metadata = { labels: { a: 'b' }, annotations: { c: 'd' }, name: 'n', uid: 'u', finalizers: ['a.b/c'] };
  const template = { metadata: { name: 't' }, spec: { metadata, spec: claim({ requests: [request()] }).spec } };
  expect(created(resourceClaimTemplates, template)).toEqual([
    'spec.metadata.name: Forbidden: cannot be set',
    'spec.metadata.uID: Forbidden: cannot be set',
    'spec.metadata.finalizers: Forbidden: cannot be set',
  ]);
});

it('all that is wrong with a class is found at once', () => {
  const spec = { selectors: [{ cel: {} }], config: [{ opaque: { parameters: {} } }], extendedResourceName: 'x' };
  expect(created(deviceClasses, { metadata: { name: 'c' }, spec }).map((line) => line.split(':')[0])).toEqual([
    'spec.selectors[0].cel.expression',
    'spec.config[0].opaque.driver',
    'spec.extendedResourceName',
  ]);
});

it('a consumer of a claim that goes is another one when anything of it is', () => {
  const consumer = { resource: 'pods', name: 'p', uid: 'u' };
  const status = (name: string) => ({ reservedFor: [{ ...consumer, name }], allocation: {} });
  const going = { metadata: { name: 'c', deletionTimestamp: '2026-01-01T00:00:00Z' }, spec: {} };
  const check = (name: string) =>
    lines(resourceClaims.hooks.validateStatus?.({ ...going, status: status(name) } as never, { ...going, status: status('p') } as never));
  expect(check('p')).toEqual([]);
  expect(check('q')).toEqual([expect.stringMatching(/^status.reservedFor: Forbidden: new entries may not be added/)]);
});
