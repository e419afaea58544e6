import { describe, expect, it } from 'vitest';
import { customColumns } from './apiextensions/custom-columns.ts';
import type { ResourceDefinition } from './define.ts';
import * as api from './index.ts';
import type { KubeObject } from './meta/object.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const metadata = { name: 'x', namespace: 'default', creationTimestamp: '2026-01-01T11:50:30Z' };

/** The cells of the named columns, in the order of the table. */
function cells<T extends KubeObject>({ columns }: ResourceDefinition<T>, object: object, ...names: string[]): unknown[] {
  const whole = { metadata, ...object } as T;
  return columns.filter(({ name }) => names.includes(name)).map((column) => column.value(whole, NOW));
}
const cell = <T extends KubeObject>(definition: ResourceDefinition<T>, object: object, name: string) => cells(definition, object, name)[0];

describe('cells', () => {
  it('of pods: a container that failed has the word over those that completed', () => {
    const ended = (name: string, exitCode: number, reason: string) => ({
      name,
      restartCount: 0,
      state: { terminated: { exitCode, reason } },
    });
    const spec = { containers: [{ name: 'a' }, { name: 'b' }] };
    const containerStatuses = [ended('a', 0, 'Completed'), ended('b', 1, 'Error')];
    expect(cell(api.pods, { spec, status: { phase: 'Running', containerStatuses } }, 'Status')).toBe('Error');
    const both = [ended('a', 0, 'Completed'), ended('b', 0, 'Completed')];
    expect(cell(api.pods, { spec, status: { phase: 'Succeeded', containerStatuses: both } }, 'Status')).toBe('Completed');
  });

  it('of nodes: the kernel comes with the processor', () => {
    const kernel = (nodeInfo: object) => cell(api.nodes, { status: { nodeInfo } }, 'Kernel-Version');
    expect(kernel({ kernelVersion: '6.1.0', architecture: 'amd64' })).toBe('6.1.0 (amd64)');
    expect(kernel({ architecture: 'arm64' })).toBe('<unknown> (arm64)');
    expect(kernel({})).toBe('<unknown>');
  });

  it('of selectors: everything is nothing for a Deployment and <none> for the others', () => {
    const selectors = [{ matchLabels: {} }, { matchLabels: { a: 'b' } }, { matchExpressions: [{ key: 'a', operator: 'Nope' }] }];
    const of = (definition: ResourceDefinition<never>) =>
      selectors.map((selector) => cell(definition, { spec: { selector, template: {} } }, 'Selector'));
    expect(of(api.deployments as never)).toEqual(['', 'a=b', '<invalid>']);
    expect(of(api.replicaSets as never)).toEqual(['<none>', 'a=b', '<error>']);
    expect(of(api.daemonSets as never)).toEqual(['<none>', 'a=b', '<error>']);
    expect(of(api.jobs as never)).toEqual(['<none>', 'a=b', '<error>']);
    expect(cell(api.networkPolicies, { spec: { podSelector: {} } }, 'Pod-Selector')).toBe('<none>');
  });

  it('of jobs: what they need, how far they are and how long they took', () => {
    const job = (spec: object, status: object, more: object = {}) =>
      cells(api.jobs, { spec: { template: {}, ...spec }, status, ...more }, 'Status', 'Completions', 'Duration');
    const startTime = '2026-01-01T11:59:00Z';
    const is = (type: string) => ({ conditions: [{ type, status: 'True' }] });
    expect(job({ completions: 3 }, { succeeded: 1 })).toEqual(['Running', '1/3', '']);
    expect(job({ parallelism: 4 }, { succeeded: 1, startTime })).toEqual(['Running', '1/1 of 4', '60s']);
    expect(job({ parallelism: 1 }, { ...is('Complete'), startTime, completionTime: '2026-01-01T11:59:30Z' })).toEqual([
      'Complete',
      '0/1',
      '30s',
    ]);
    expect(job({}, is('Failed'))[0]).toBe('Failed');
    expect(job({}, is('Suspended'))[0]).toBe('Suspended');
    expect(job({}, is('FailureTarget'))[0]).toBe('FailureTarget');
    expect(job({}, is('SuccessCriteriaMet'))[0]).toBe('SuccessCriteriaMet');
    expect(job({}, is('Suspended'), { metadata: { ...metadata, deletionTimestamp: startTime } })[0]).toBe('Terminating');
  });

  it('of volumes: a size that is not known is 0, and a class that is empty is shown', () => {
    expect(cells(api.persistentVolumes, { spec: {} }, 'Capacity', 'VolumeAttributesClass')).toEqual(['0', '<unset>']);
    expect(cell(api.persistentVolumes, { spec: { volumeAttributesClassName: '' } }, 'VolumeAttributesClass')).toBe('');
    const claim = (volumeName: string) =>
      cells(api.persistentVolumeClaims, { spec: { volumeName }, status: {} }, 'Volume', 'Capacity', 'Access Modes');
    expect(claim('pv')).toEqual(['pv', '0', '']);
    expect(claim('')).toEqual(['', '', '']);
  });

  it('of drivers: requests for tokens are told by their audiences, even by an empty one', () => {
    expect(cell(api.csiDrivers, { spec: {} }, 'TokenRequests')).toBe('<unset>');
    expect(cell(api.csiDrivers, { spec: { tokenRequests: [{ audience: '' }] } }, 'TokenRequests')).toBe('');
    expect(cell(api.csiDrivers, { spec: { tokenRequests: [{ audience: 'a' }, { audience: 'b' }] } }, 'TokenRequests')).toBe('a,b');
  });

  it('of slices of endpoints: a port by its number, else by its name', () => {
    const ports = (...all: object[]) => cell(api.endpointSlices, { ports: all, endpoints: [] }, 'Ports');
    expect(ports({ port: 80, name: 'web' }, { name: 'any' }, {})).toBe('80,any,*');
    expect(ports({}, {}, {}, {})).toBe('*,*,* + 1 more...');
    expect(cell(api.endpointSlices, { endpoints: [{ addresses: [] }] }, 'Endpoints')).toBe('<unset>');
  });

  it('of ingresses: rules without a host count once three hosts are shown', () => {
    const hosts = (...all: (string | undefined)[]) => cell(api.ingresses, { spec: { rules: all.map((host) => ({ host })) } }, 'Hosts');
    expect(hosts(undefined)).toBe('*');
    expect(hosts('a', undefined, 'b')).toBe('a,b');
    expect(hosts('a', 'b', 'c')).toBe('a,b,c');
    expect(hosts('a', 'b', 'c', undefined, 'd')).toBe('a,b,c + 2 more...');
  });

  it('of policies: what parameters they look at', () => {
    const binding = (paramRef?: object) => cell(api.validatingAdmissionPolicyBindings, { spec: { policyName: 'p', paramRef } }, 'ParamRef');
    expect(binding()).toBe('<unset>');
    expect(binding({ name: 'a' })).toBe('*/a');
    expect(binding({ name: 'a', namespace: 'n' })).toBe('n/a');
    const matchExpressions = [{ key: 'k', operator: 'In', values: ['1', '2'] }];
    expect(binding({ selector: { matchLabels: { b: '2', a: '1' }, matchExpressions } })).toBe(
      '&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:k,Operator:In,Values:[1 2],},},}',
    );
    expect(cell(api.validatingAdmissionPolicies, { spec: { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } } }, 'ParamKind')).toBe(
      'v1/ConfigMap',
    );
  });

  it('of priority levels and flow schemas', () => {
    const names = ['Type', 'NominalConcurrencyShares', 'Queues', 'HandSize', 'QueueLengthLimit'];
    const exempt = { type: 'Exempt', exempt: { nominalConcurrencyShares: 5 } };
    expect(cells(api.priorityLevelConfigurations, { spec: exempt }, ...names)).toEqual(['Exempt', '<none>', '<none>', '<none>', '<none>']);
    const queuing = { queues: 8, handSize: 2, queueLengthLimit: 50 };
    const limited = { type: 'Limited', limited: { nominalConcurrencyShares: 30, limitResponse: { type: 'Queue', queuing } } };
    expect(cells(api.priorityLevelConfigurations, { spec: limited }, ...names)).toEqual(['Limited', 30, 8, 2, 50]);
    const schema = { spec: { priorityLevelConfiguration: { name: 'l' }, matchingPrecedence: 7 } };
    const columns = ['PriorityLevel', 'MatchingPrecedence', 'DistinguisherMethod', 'MissingPL'];
    expect(cells(api.flowSchemas, schema, ...columns)).toEqual(['l', 7, '<none>', '?']);
  });

  it('of what is absent: nothing, where upstream has no word for it', () => {
    expect(cell(api.resourceSlices, { spec: { driver: 'd', pool: { name: 'p' } } }, 'Node')).toBe('');
    expect(cell(api.priorityClasses, { value: 1 }, 'PreemptionPolicy')).toBe('');
    expect(cell(api.leases, {}, 'Holder')).toBe('');
    expect(cell(api.limitRanges, { metadata: { name: 'x' } }, 'Created At')).toBe('0001-01-01T00:00:00Z');
  });

  it('of quotas: requests and limits, sorted by name', () => {
    const status = { hard: { 'limits.cpu': '2', pods: '10', limitsless: '1', 'requests.cpu': '1' }, used: { pods: '3' } };
    expect(cells(api.resourceQuotas, { status }, 'Request', 'Limit')).toEqual([
      'limitsless: 0/1, pods: 3/10, requests.cpu: 0/1',
      'limits.cpu: 0/2',
    ]);
  });
});

describe('rows', () => {
  it('of pods that are over say so', () => {
    const conditions = (phase: string) => api.pods.rows?.conditions?.({ metadata, status: { phase } });
    expect(conditions('Succeeded')).toMatchObject([{ type: 'Completed', status: 'True', reason: 'Succeeded' }]);
    expect(conditions('Failed')).toMatchObject([{ reason: 'Failed', message: 'The pod failed.' }]);
    expect(conditions('Running')).toBeUndefined();
  });

  it('of flow schemas are in the order in which requests are matched', () => {
    const schema = (name: string, matchingPrecedence: number) => ({ metadata: { name }, spec: { matchingPrecedence } }) as never;
    const sorted = [schema('c', 1000), schema('b', 1), schema('a', 1000)].toSorted(api.flowSchemas.rows?.compare);
    expect(sorted.map((s: KubeObject) => s.metadata?.name)).toEqual(['b', 'a', 'c']);
  });
});

describe('the columns of custom resources', () => {
  const show = (type: string, value: unknown) => {
    const [, column] = customColumns([{ name: 'C', type, jsonPath: '.spec.v', priority: 1, description: 'd', format: 'f' }]);
    expect(column).toMatchObject({ name: 'C', type, format: 'f', priority: 1, description: 'd' });
    return column?.value({ metadata, spec: { v: value } } as KubeObject, NOW);
  };

  it('show a date by its age, and say what is none', () => {
    expect(show('date', '2026-01-01T11:59:00Z')).toBe('60s');
    expect(show('date', '2026-01-01T12:59:00+01:00')).toBe('60s');
    expect(show('date', '')).toBe('<unknown>');
    expect(show('date', '2026-01-01')).toBe('<invalid>');
    expect(show('date', 5)).toBeUndefined();
    expect(show('date', undefined)).toBeUndefined();
  });

  it('show anything as text, and nothing of another type than theirs', () => {
    expect([show('string', 'a'), show('string', 5), show('string', true), show('string', { a: 1 }), show('string', null)]).toEqual([
      'a',
      '5',
      'true',
      '{"a":1}',
      '<no value>',
    ]);
    expect([show('integer', 5.7), show('integer', '5'), show('integer', null)]).toEqual([5, undefined, undefined]);
    expect([show('number', 5.7), show('number', '5'), show('boolean', true), show('boolean', 'true')]).toEqual([
      5.7,
      undefined,
      true,
      undefined,
    ]);
  });

  it('show numbers, and what has parts, as Go prints them', () => {
    expect([show('string', 1e-7), show('string', 1e21), show('integer', 1e21)]).toEqual(['1e-07', '1e+21', -(2n ** 63n)]);
    expect(show('string', { b: '<&>', a: [{ d: 1, c: 2 }] })).toBe('{"a":[{"c":2,"d":1}],"b":"\\u003c\\u0026\\u003e"}');
  });

  it('end before the first of which the path cannot be read', () => {
    const paths = ['.a', '.b["c"]', '.d'];
    const columns = customColumns(paths.map((jsonPath) => ({ name: jsonPath, type: 'string', jsonPath })));
    expect(columns.map(({ name }) => name)).toEqual(['Name', '.a']);
  });

  it('are the age where the definition has none, described as that of the built-in kinds is', () => {
    const expected = { name: 'Age', type: 'date', of: 'ObjectMeta.creationTimestamp' };
    for (const none of [undefined, []]) expect(customColumns(none)).toMatchObject([{ name: 'Name', format: 'name' }, expected]);
    const [, described] = customColumns([{ name: 'C', type: 'string', jsonPath: '.spec.v' }]);
    expect(described?.description).toBe('Custom resource definition column (in JSONPath format): .spec.v');
  });
});
