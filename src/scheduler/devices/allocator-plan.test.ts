import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type {
  CapacityRequestPolicy,
  Device,
  DeviceClass,
  DeviceRequest,
  ResourceSlice,
  ResourceV1ResourceClaim,
} from '../../api/schema/generated/types.ts';
import { fakeNode } from '../fake-scheduler.ts';
import { AllocationTimeout, allocate } from './allocator-plan.ts';
import { matchesSelector } from './selector-plan.ts';

const NODE = fakeNode('n');
const gpu = (name: string, model = 'x', rest: Partial<Device> = {}): Device => ({
  name,
  attributes: { model: { string: model }, 'shared.example/numa': { int: 0 } },
  capacity: { memory: { value: '8Gi' } },
  ...rest,
});
const slice = (devices: Device[], rest: Partial<ResourceSlice['spec']> = {}): ResourceSlice => ({
  metadata: { name: 's' },
  spec: { driver: 'gpu.example', nodeName: 'n', pool: { name: 'p', generation: 1, resourceSliceCount: 1 }, devices, ...rest },
});
const anyGpu: DeviceClass = { metadata: { name: 'gpu' }, spec: { selectors: [{ cel: { expression: 'device.driver == "gpu.example"' } }] } };
type Exactly = Partial<NonNullable<DeviceRequest['exactly']>>;
const exactly = (name: string, rest: Exactly = {}): DeviceRequest => ({
  name,
  exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1, ...rest },
});
const select = (expression: string) => ({ selectors: [{ cel: { expression } }] });
const claim = (requests: DeviceRequest[], rest: object = {}, name = 'c'): ResourceV1ResourceClaim => ({
  metadata: { name, namespace: 'n' },
  spec: { devices: { requests, ...rest } },
});
interface Given {
  readonly used?: readonly string[];
  readonly consumed?: Readonly<Record<string, Record<string, string>>>;
  readonly classes?: readonly DeviceClass[];
  readonly node?: typeof NODE;
}
function run(
  claims: ResourceV1ResourceClaim[],
  slices: ResourceSlice[],
  { used = [], consumed = {}, classes = [anyGpu], node = NODE }: Given = {},
) {
  let shares = 0;
  const pools = [...Map.groupBy(slices, ({ spec }) => spec.pool.name).values()];
  return allocate(claims, node, {
    pools,
    deviceClass: (name) => classes.find(({ metadata }) => metadata?.name === name),
    isInUse: (id) => used.includes(id),
    consumed: (id) => consumed[id],
    newShareId: () => `share-${++shares}`,
    isLate: () => false,
  });
}
const names = (results: ReturnType<typeof run>) =>
  results?.map(({ devices }) => devices?.results?.map(({ request, device }) => `${request}=${device}`));

describe('devices for claims', () => {
  test('are found whenever there are enough that match, each once', () => {
    const devices = fc.array(fc.constantFrom('x', 'y'), { maxLength: 7 });
    const wanted = fc.array(fc.tuple(fc.constantFrom('x', 'y', ''), fc.integer({ min: 1, max: 3 })), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(devices, wanted, (models, requests) => {
        const claims = requests.map(([model, count], i) =>
          claim([exactly('r', { count, ...(model && select(`device.attributes["gpu.example"].model == "${model}"`)) })], {}, `c${i}`),
        );
        const results = run(claims, [slice(models.map((model, i) => gpu(`d${i}`, model)))]);
        const sum = (model: string) => requests.filter(([one]) => one === model).reduce((total, [, count]) => total + count, 0);
        const has = (model: string) => models.filter((one) => one === model).length;
        const isPossible = sum('x') <= has('x') && sum('y') <= has('y') && sum('x') + sum('y') + sum('') <= models.length;
        expect(results !== undefined).toBe(isPossible);
        const given = (results ?? []).flatMap(({ devices: got }) => got?.results?.map(({ device }) => device) ?? []);
        expect(new Set(given).size).toBe(given.length);
        for (const [i, { devices: got }] of (results ?? []).entries()) {
          expect(got?.results).toHaveLength(requests[i]?.[1] ?? 0);
          for (const { device } of got?.results ?? []) {
            if (requests[i]?.[0]) expect(models[Number(device.slice(1))]).toBe(requests[i]?.[0]);
          }
        }
      }),
    );
  });

  it('are those of the node, and tie the claim to it', () => {
    expect(run([claim([exactly('r')])], [slice([gpu('a')])])).toEqual([
      {
        devices: { results: [{ request: 'r', driver: 'gpu.example', pool: 'p', device: 'a' }] },
        nodeSelector: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }] }] },
      },
    ]);
    expect(run([claim([exactly('r')])], [slice([gpu('a')], { nodeName: 'other' })])).toBeUndefined();
    const shared = slice([gpu('a')], { nodeName: undefined, allNodes: true });
    expect(run([claim([exactly('r')])], [shared])?.[0]).not.toHaveProperty('nodeSelector');
    const labelled = { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['n'] }] }] };
    expect(run([claim([exactly('r')])], [slice([gpu('a')], { nodeName: undefined, nodeSelector: labelled })])?.[0]?.nodeSelector).toEqual(
      labelled,
    );
    const each = slice([gpu('a', 'x', { nodeName: 'other' }), gpu('b', 'x', { nodeName: 'n' })], {
      nodeName: undefined,
      perDeviceNodeSelection: true,
    });
    expect(names(run([claim([exactly('r')])], [each]))).toEqual([['r=b']]);
  });

  it('are not those in use, unless for an administrator', () => {
    const used = ['gpu.example/p/a'];
    expect(run([claim([exactly('r')])], [slice([gpu('a')])], { used })).toBeUndefined();
    expect(run([claim([exactly('r', { adminAccess: true })])], [slice([gpu('a')])], { used })?.[0]?.devices?.results).toMatchObject([
      { device: 'a', adminAccess: true },
    ]);
  });

  it('are all that match, or none', () => {
    const all = claim([exactly('r', { allocationMode: 'All', ...select('device.attributes["gpu.example"].model == "x"') })]);
    const there = [slice([gpu('a'), gpu('b'), gpu('c', 'y')])];
    expect(names(run([all], there))).toEqual([['r=a', 'r=b']]);
    expect(run([all], there, { used: ['gpu.example/p/b'] })).toBeUndefined();
    expect(run([all], [slice([gpu('c', 'y')])])).toBeUndefined();
  });

  it('are of the first alternative for which there are enough', () => {
    const request: DeviceRequest = {
      name: 'r',
      firstAvailable: [
        { name: 'big', deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 3 },
        { name: 'small', deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 2 },
      ],
    };
    expect(names(run([claim([request])], [slice([gpu('a'), gpu('b')])]))).toEqual([['r/small=a', 'r/small=b']]);
    expect(names(run([claim([request])], [slice([gpu('a'), gpu('b'), gpu('c')])]))).toEqual([['r/big=a', 'r/big=b', 'r/big=c']]);
  });

  it('share the value of an attribute where the claim says so, also when the first choice does not', () => {
    const numa = (int: number) => ({ attributes: { 'shared.example/numa': { int } } });
    const there = [slice([gpu('a', '', numa(0)), gpu('b', '', numa(1)), gpu('c', '', numa(1))])];
    const together = { constraints: [{ matchAttribute: 'shared.example/numa' }] };
    expect(names(run([claim([exactly('r', { count: 2 })], together)], there))).toEqual([['r=b', 'r=c']]);
    expect(run([claim([exactly('r', { count: 3 })], together)], there)).toBeUndefined();
    const some = { constraints: [{ matchAttribute: 'shared.example/numa', requests: ['q', 's'] }] };
    expect(names(run([claim([exactly('q'), exactly('r'), exactly('s')], some)], there))).toEqual([['q=b', 'r=a', 's=c']]);
  });

  it('are not tainted, unless the request tolerates that', () => {
    const there = [slice([gpu('a', 'x', { taints: [{ key: 'broken', value: 'yes', effect: 'NoSchedule' }] })])];
    expect(run([claim([exactly('r')])], there)).toBeUndefined();
    const tolerations = [{ key: 'broken', operator: 'Exists' }];
    expect(run([claim([exactly('r', { tolerations })])], there)?.[0]?.devices?.results).toMatchObject([{ device: 'a', tolerations }]);
    const others = [{ key: 'broken', operator: 'Exists', effect: 'NoExecute' }, { key: 'broken', value: 'no' }, { operator: 'Equal' }];
    for (const wrong of others) expect(run([claim([exactly('r', { tolerations: [wrong] })])], there)).toBeUndefined();
    const evicting = [slice([gpu('a', 'x', { taints: [{ key: 'broken', effect: 'NoExecute' }] }), gpu('b')])];
    expect(names(run([claim([exactly('r')])], evicting))).toEqual([['r=b']]);
    expect(run([claim([exactly('r', { allocationMode: 'All' })])], evicting)).toBeUndefined();
    expect(names(run([claim([exactly('r', { tolerations: [{ key: 'broken', effect: 'NoExecute' }] })])], evicting))).toEqual([['r=a']]);
    const note = [slice([gpu('a', 'x', { taints: [{ key: 'old', effect: 'None' }] })])];
    expect(names(run([claim([exactly('r')])], note))).toEqual([['r=a']]);
  });

  it('leave enough of the counters that they share', () => {
    const part = (name: string, memory: string) =>
      gpu(name, 'x', { consumesCounters: [{ counterSet: 'card', counters: { memory: { value: memory } } }] });
    const pool = { name: 'p', generation: 1, resourceSliceCount: 2 };
    const there = [
      slice([part('whole', '40Gi'), part('left', '20Gi'), part('right', '20Gi')], { pool }),
      slice([], { pool, sharedCounters: [{ name: 'card', counters: { memory: { value: '40Gi' } } }] }),
    ];
    expect(names(run([claim([exactly('r', { count: 2 })])], there))).toEqual([['r=left', 'r=right']]);
    expect(names(run([claim([exactly('r')])], there, { used: ['gpu.example/p/left'] }))).toEqual([['r=right']]);
    expect(run([claim([exactly('r', { count: 3 })])], there)).toBeUndefined();
  });

  it('come with the configuration of their class and of the claim, for the requests that were chosen', () => {
    const opaque = (driver: string) => ({ opaque: { driver, parameters: {} } });
    const deviceClass = { ...anyGpu, spec: { ...anyGpu.spec, config: [opaque('of-class')] } };
    const config = [{ requests: ['r'], ...opaque('of-claim') }, { ...opaque('of-all') }];
    const [result] =
      run([claim([exactly('q'), exactly('r')], { config })], [slice([gpu('a'), gpu('b')])], { classes: [deviceClass] }) ?? [];
    expect(result?.devices?.config).toEqual([
      { source: 'FromClass', requests: ['q', 'r'], ...opaque('of-class') },
      { source: 'FromClaim', requests: ['r'], ...opaque('of-claim') },
      { source: 'FromClaim', ...opaque('of-all') },
    ]);
  });

  it('are taken from the newest generation of a pool, once all of it is there', () => {
    const of = (name: string, generation: number, resourceSliceCount = 1) =>
      slice([gpu(name)], { pool: { name: 'p', generation, resourceSliceCount } });
    expect(names(run([claim([exactly('r')])], [of('old', 1), of('new', 2)]))).toEqual([['r=new']]);
    expect(run([claim([exactly('r')])], [of('old', 1), of('new', 2, 2)])).toBeUndefined();
    const all = claim([exactly('r', { allocationMode: 'All' })]);
    expect(() => run([all], [of('new', 2, 2)])).toThrow(
      'claim n/c, request r: asks for all devices, but resource pool gpu.example/p is currently being updated',
    );
    expect(() => run([claim([exactly('r')])], [slice([gpu('a'), gpu('a')])])).toThrow('invalid resource pools were encountered');
  });

  it('are not looked for longer than the scheduler can spare', () => {
    const devices = Array.from({ length: 30 }, (_, i) => gpu(`d${i}`, '', { attributes: { n: { int: i % 15 } } }));
    const apart = { constraints: [{ matchAttribute: 'gpu.example/n' }] };
    const claims = Array.from({ length: 15 }, (_, i) => claim([exactly('r', { count: 2 })], apart, `c${i}`));
    const more = [...claims, claim([exactly('r')])];
    expect(() => run(more, [slice(devices)])).toThrow(AllocationTimeout);
  });

  it.each([
    ['a class that does not exist', [exactly('r', { deviceClassName: 'no' })], 'could not retrieve device class no'],
    ['an expression that is none', [exactly('r', select('device.'))], 'claim n/c: selector #0: CEL compile error'],
    [
      'an attribute that is not there',
      [exactly('r', select('device.attributes["gpu.example"].no == 1'))],
      'claim n/c: selector #0: CEL runtime error',
    ],
  ])('are refused to a claim with %s', (_, requests, message) => {
    expect(() => run([claim(requests)], [slice([gpu('a')])])).toThrow(message);
  });
});

it.each([
  ['device.driver == "gpu.example"', true],
  ['device.attributes["gpu.example"].model == "x"', true],
  ['device.attributes["shared.example"].numa == 0', true],
  ['device.capacity["gpu.example"].memory.compareTo(quantity("8Gi")) == 0', true],
  ['device.capacity["gpu.example"].memory.isGreaterThan(quantity("9Gi"))', false],
  ['device.attributes["gpu.example"].version.compareTo(semver("1.10.0")) < 0', true],
  ['"model" in device.attributes["nobody.example"]', false],
  ['cel.bind(own, device.attributes["gpu.example"], own.model == "x" && own.on)', true],
])('a device is described to the selector %s', (expression, expected) => {
  const { attributes } = gpu('a');
  const device = gpu('a', 'x', { attributes: { ...attributes, version: { version: '1.9.0' }, on: { bool: true } } });
  expect(matchesSelector(expression, 'gpu.example', device)).toBe(expected);
});

describe('a device that several may have', () => {
  const memory = (value: string, requestPolicy?: CapacityRequestPolicy) => ({ memory: { value, ...(requestPolicy && { requestPolicy }) } });
  const shareable = (name: string, capacity = memory('10Gi'), rest: Partial<Device> = {}) =>
    gpu(name, 'x', { allowMultipleAllocations: true, capacity, ...rest });
  const wants = (amount: string, name = 'r') => exactly(name, { capacity: { requests: { memory: amount } } });
  const sharesOf = (results: ReturnType<typeof run>) =>
    results?.flatMap(({ devices }) =>
      devices?.results?.map(({ device, shareID, consumedCapacity }) => [device, shareID, consumedCapacity]),
    );

  it('is given as often as there is capacity, and each claim knows its share', () => {
    const two = [claim([wants('4Gi')], {}, 'c'), claim([wants('6Gi')], {}, 'd')];
    expect(sharesOf(run(two, [slice([shareable('a')])]))).toEqual([
      ['a', 'share-1', { memory: '4Gi' }],
      ['a', 'share-2', { memory: '6Gi' }],
    ]);
    const more = [...two, claim([wants('1')], {}, 'e')];
    expect(run(more, [slice([shareable('a')])])).toBeUndefined();
    expect(sharesOf(run(more, [slice([shareable('a'), shareable('b')])]))?.[2]).toEqual(['b', 'share-3', { memory: '1' }]);
  });

  test('never gives more than it has, and gives whenever there is enough', () => {
    const amounts = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(amounts, fc.nat(8), (wanted, held) => {
        const claims = wanted.map((amount, i) => claim([wants(`${amount}Gi`)], {}, `c${i}`));
        const results = run(claims, [slice([shareable('a')])], { consumed: { 'gpu.example/p/a': { memory: `${held}Gi` } } });
        expect(results !== undefined).toBe(wanted.reduce((sum, amount) => sum + amount, held) <= 10);
      }),
    );
  });

  it.each([
    ['all of it when nothing is asked for', undefined, undefined, '10Gi'],
    ['the default when nothing is asked for', undefined, { default: '2Gi', validValues: ['2Gi', '4Gi'] }, '2Gi'],
    ['the next of the values that there are', '3Gi', { default: '2Gi', validValues: ['2Gi', '4Gi'] }, '4Gi'],
    ['nothing beyond the values that there are', '5Gi', { default: '2Gi', validValues: ['2Gi', '4Gi'] }, undefined],
    ['at least the least', '1', { default: '2Gi', validRange: { min: '1Gi' } }, '1Gi'],
    ['whole steps', '1100Mi', { default: '1Gi', validRange: { min: '1Gi', step: '512Mi' } }, '1536Mi'],
    ['nothing beyond the most', '5Gi', { default: '1Gi', validRange: { min: '1Gi', max: '4Gi' } }, undefined],
  ] as const)('gives %s', (_, amount, policy, expected) => {
    const device = shareable('a', memory('10Gi', policy as CapacityRequestPolicy | undefined));
    const results = run([claim([amount ? wants(amount) : exactly('r')])], [slice([device])]);
    expect(results?.[0]?.devices?.results?.[0]?.consumedCapacity).toEqual(expected && { memory: expected });
  });

  it('is none for a request for a capacity that it has not, and a device for one alone is one when it is large enough', () => {
    const unknown = exactly('r', { capacity: { requests: { cores: '1' } } });
    expect(run([claim([unknown])], [slice([shareable('a')])])).toBeUndefined();
    expect(names(run([claim([wants('8Gi')])], [slice([gpu('small', 'x', { capacity: memory('4Gi') }), gpu('large')])]))).toEqual([
      ['r=large'],
    ]);
    expect(sharesOf(run([claim([wants('8Gi')])], [slice([gpu('large')])]))).toEqual([['large', undefined, undefined]]);
  });

  it('is none of all when it is full, and one of all while it is not', () => {
    const all = exactly('r', { allocationMode: 'All', capacity: { requests: { memory: '4Gi' } } });
    const consumed = { 'gpu.example/p/a': { memory: '8Gi' } };
    expect(names(run([claim([all])], [slice([shareable('a'), shareable('b')])], { consumed }))).toEqual([['r=b']]);
  });

  it('takes the counters of its pool once, for all who share it', () => {
    const counters = { consumesCounters: [{ counterSet: 's', counters: { n: { value: '1' } } }] };
    const sets = { sharedCounters: [{ name: 's', counters: { n: { value: '1' } } }] };
    const devices = [shareable('a', memory('10Gi'), counters), gpu('b', 'y', counters)];
    const both = [claim([wants('4Gi')], {}, 'c'), claim([wants('4Gi')], {}, 'd')];
    expect(names(run(both, [slice(devices, sets)]))).toEqual([['r=a'], ['r=a']]);
    const other = claim([exactly('r', select('device.attributes["gpu.example"].model == "y"'))]);
    expect(run([other], [slice(devices, sets)], { consumed: { 'gpu.example/p/a': { memory: '1Gi' } } })).toBeUndefined();
    expect(names(run([other], [slice(devices, sets)]))).toEqual([['r=b']]);
  });
});

test('devices that are to differ in an attribute all have it, each with a value of its own', () => {
  const distinct = { constraints: [{ distinctAttribute: 'gpu.example/model' }] };
  const three = claim([exactly('r', { count: 3 })], distinct);
  expect(run([three], [slice([gpu('a', 'x'), gpu('b', 'y'), gpu('c', 'x')])])).toBeUndefined();
  expect(names(run([three], [slice([gpu('a', 'x'), gpu('b', 'x'), gpu('c', 'y'), gpu('d', 'z')])]))).toEqual([['r=a', 'r=c', 'r=d']]);
  const without = { ...gpu('e'), attributes: {} };
  expect(run([claim([exactly('r')], distinct)], [slice([without])])).toBeUndefined();
});

test('what has to hold of a device before a pod is bound comes along with it, and a device that is bound to a node ties the claim to that', () => {
  const device = gpu('a', 'x', { bindsToNode: true, bindingConditions: ['Ready'], bindingFailureConditions: ['Broken'] });
  const [result] = run([claim([exactly('r')])], [slice([device], { nodeName: undefined, allNodes: true })]) ?? [];
  expect(result?.devices?.results).toMatchObject([{ bindingConditions: ['Ready'], bindingFailureConditions: ['Broken'] }]);
  expect(result?.nodeSelector?.nodeSelectorTerms).toEqual([{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }] }]);
});

test('pools whose devices have to be prepared come last', () => {
  const prepared = slice([gpu('a', 'x', { bindingConditions: ['Ready'], bindingFailureConditions: ['Broken'] })]);
  const ready = slice([gpu('b')], { pool: { name: 'q', generation: 1, resourceSliceCount: 1 } });
  expect(names(run([claim([exactly('r')])], [prepared, ready]))).toEqual([['r=b']]);
});
