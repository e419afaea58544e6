import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatQuantity } from '../../base/quantity.ts';
import { podRequests as schedulerRequests } from '../../scheduler/cache/resources.ts';
import type { Pod } from '../schema/generated/types.ts';
import { type Amounts, podLimits, podRequests } from './pod-resources.ts';

const text = (amounts: Amounts) => Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, formatQuantity(amount)]));
const container = (name: string, requests: object, more: object = {}) => ({ name, image: 'x', resources: { requests }, ...more });
const pod = (spec: object, status?: object) => ({ spec: { containers: [], ...spec }, status }) as unknown as Pod;
const SIDECAR = { restartPolicy: 'Always' };

describe('the requests of a pod', () => {
  it.each([
    [
      'sum its containers',
      { containers: [container('a', { cpu: '100m' }), container('b', { cpu: '1', memory: '1Gi' })] },
      { cpu: '1100m', memory: '1Gi' },
    ],
    [
      'are the largest init container when that is more',
      { containers: [container('a', { cpu: '1' })], initContainers: [container('i', { cpu: '2' }), container('j', { cpu: '500m' })] },
      { cpu: '2' },
    ],
    [
      'count sidecars with all that runs after them',
      {
        containers: [container('a', { cpu: '1' })],
        initContainers: [container('s', { cpu: '200m' }, SIDECAR), container('i', { cpu: '1500m' })],
      },
      { cpu: '1700m' },
    ],
    [
      'do not count sidecars with what ran before them',
      {
        containers: [container('a', { cpu: '1' })],
        initContainers: [container('i', { cpu: '1100m' }), container('s', { cpu: '200m' }, SIDECAR)],
      },
      { cpu: '1200m' },
    ],
    [
      'are what is asked for the pod as a whole',
      { resources: { requests: { cpu: '3', 'example.com/x': '9' } }, containers: [container('a', { cpu: '1', 'example.com/x': '1' })] },
      { cpu: '3', 'example.com/x': '1' },
    ],
    [
      'include overhead',
      { overhead: { cpu: '50m', memory: '10Mi' }, containers: [container('a', { cpu: '1' })] },
      { cpu: '1050m', memory: '10Mi' },
    ],
  ])('%s', (_, spec, expected) => {
    expect(text(podRequests(pod(spec)))).toEqual(expected);
  });

  it('are the larger of spec and status while the pod is resized', () => {
    const spec = { containers: [container('a', { cpu: '2', memory: '1Gi' })] };
    const status = {
      containerStatuses: [{ name: 'a', resources: { requests: { cpu: '1', memory: '2Gi' } }, allocatedResources: { cpu: '1500m' } }],
    };
    expect(text(podRequests(pod(spec, status), { status: true }))).toEqual({ cpu: '2', memory: '2Gi' });
    const infeasible = { ...status, conditions: [{ type: 'PodResizePending', status: 'True', reason: 'Infeasible' }] };
    expect(text(podRequests(pod(spec, infeasible), { status: true }))).toEqual({ cpu: '1500m', memory: '2Gi' });
  });

  it('are what the scheduler counts, which counts in whole thousandths', () => {
    const list = fc.dictionary(fc.constantFrom('cpu', 'example.com/x'), fc.nat(9).map(String), { maxKeys: 2 });
    const containers = fc.array(fc.tuple(list, fc.boolean()), { maxLength: 3 });
    fc.assert(
      fc.property(containers, containers, list, (apps, inits, overhead) => {
        const made = pod({
          overhead,
          containers: apps.map(([requests], i) => container(`c${i}`, requests)),
          initContainers: inits.map(([requests, sidecar], i) => container(`i${i}`, requests, sidecar ? SIDECAR : {})),
        });
        const exact = Object.fromEntries(
          Object.entries(podRequests(made)).map(([name, { nanos }]) => [name, Number(nanos) / (name === 'cpu' ? 1e6 : 1e9)]),
        );
        const counted = schedulerRequests(made);
        expect(exact).toEqual(Object.fromEntries(Object.keys(exact).map((name) => [name, counted.get(name)])));
        expect([...(counted.scalars?.keys() ?? [])].filter((name) => !(name in exact))).toEqual([]);
      }),
    );
  });
});

describe('the limits of a pod', () => {
  it('take overhead where there is a limit', () => {
    const limited = { name: 'a', image: 'x', resources: { limits: { cpu: '1' } } };
    expect(text(podLimits(pod({ overhead: { cpu: '50m', memory: '10Mi' }, containers: [limited] })))).toEqual({ cpu: '1050m' });
  });
});
