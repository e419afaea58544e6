import { describe, expect, it } from 'vitest';
import { registry, registryWith } from '../index.ts';
import { decodeProtobuf, encodeProtobuf } from '../protobuf/index.ts';
import type { Condition, StorageVersionMigration } from '../schema/generated/types.ts';
import { storageVersionMigrations } from './storage-version-migration.ts';

const { hooks, columns } = storageVersionMigrations;
const context = { now: '2026-01-01T00:00:00Z', user: { name: 'u', groups: [] }, subresource: '' };
const lines = (errors: readonly { path: string; message: string }[] = []) => errors.map((e) => `${e.path}: ${e.message}`);
const migration = (resource: object | undefined, status?: StorageVersionMigration['status']) =>
  ({ metadata: { name: 'm' }, ...(resource && { spec: { resource } }), ...(status && { status }) }) as StorageVersionMigration;
const secrets = { group: '', resource: 'secrets' };
const condition = (type: string, status = 'True', more: Partial<Condition> = {}): Condition => ({
  type,
  status,
  reason: 'Because',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
  ...more,
});

describe('StorageVersionMigrations', () => {
  it('are served only where they are asked for, before the metrics groups', () => {
    expect(registry.findKind('storagemigration.k8s.io', 'v1beta1', 'StorageVersionMigration')).toBeUndefined();
    const groups = registryWith(() => true).groups.map(({ name }) => name);
    expect(groups.slice(-2)).toEqual(['storagemigration.k8s.io', 'metrics.k8s.io']);
  });

  it.each<[object | undefined, string[]]>([
    [secrets, []],
    [{ group: 'stable.example.com', resource: 'crontabs' }, []],
    [{ resource: 'secrets' }, []],
    [undefined, ['spec.resource.resource: Required value: resource is required to be set']],
    [{ group: 'apps', resource: '' }, ['spec.resource.resource: Required value: resource is required to be set']],
    [{ group: '', resource: '1s' }, [expect.stringMatching(/^spec\.resource\.resource: Invalid value: "1s": a DNS-1035 label must/)]],
    [{ group: '_', resource: 'a' }, [expect.stringMatching(/^spec\.resource\.group: Invalid value: "_": a lowercase RFC 1123 subdomain/)]],
  ])('of %j are checked', (resource, findings) => {
    expect(lines(hooks.validate?.(migration(resource)))).toEqual(findings);
  });

  it('never change what they are of', () => {
    expect(lines(hooks.validateUpdate?.(migration({ group: '', resource: 'pods' }), migration(secrets), context))).toEqual([
      expect.stringMatching(/^spec: Invalid value: .*: field is immutable$/),
    ]);
  });

  it.each<[string, StorageVersionMigration['status'], StorageVersionMigration['status'], string[]]>([
    ['a first state', undefined, { resourceVersion: '12', conditions: [condition('Running')] }, []],
    [
      'a revision that is none',
      undefined,
      { resourceVersion: '012' },
      ['status.resourceVersion: Invalid value: "012": resource version is not well formed: 012'],
    ],
    [
      'another revision',
      { resourceVersion: '12' },
      { resourceVersion: '13' },
      ['status.resourceVersion: Invalid value: "13": field is immutable'],
    ],
    [
      'two ends',
      undefined,
      { conditions: [condition('Succeeded'), condition('Failed')] },
      [expect.stringMatching(/^status\.conditions: Invalid value: .*Both success and failed conditions cannot be true at the same time$/)],
    ],
    [
      'an end that is taken back',
      { conditions: [condition('Failed')] },
      { conditions: [] },
      ['status.conditions: Invalid value: []: Failed condition cannot be set to false once it is true'],
    ],
    [
      'conditions that are none',
      undefined,
      {
        conditions: [
          condition('A'),
          condition('A', 'Maybe', { reason: '' }),
          { type: 'B' } as Condition,
          condition('C', 'True', { reason: '-' }),
        ],
      },
      [
        'status.conditions[1].type: Duplicate value: "A"',
        'status.conditions[1].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"',
        'status.conditions[1].reason: Required value',
        'status.conditions[2].status: Unsupported value: "": supported values: "False", "True", "Unknown"',
        'status.conditions[2].lastTransitionTime: Required value',
        'status.conditions[2].reason: Required value',
        expect.stringMatching(/^status\.conditions\[3\]\.reason: Invalid value: "-": a condition reason must start with/),
      ],
    ],
  ])('have a status that is checked: %s', (_, old, status, findings) => {
    expect(lines(hooks.validateStatus?.(migration(secrets, status), migration(secrets, old)))).toEqual(findings);
  });

  it('show their resource and how they stand', () => {
    const cells = (object: StorageVersionMigration) => columns.map((column) => column.value(object, 0));
    expect(cells(migration({ group: 'apps', resource: 'deployments' }))).toEqual(['m', 'deployments.apps', 'Unknown']);
    const over = [condition('Running', 'False'), condition('Succeeded')];
    expect(cells(migration(secrets, { conditions: over }))).toEqual(['m', 'secrets', 'Succeeded']);
    expect(cells(migration(secrets, { conditions: [condition('Running')] }))).toEqual(['m', 'secrets', 'Running']);
  });

  it('travel in protobuf', () => {
    const object = {
      apiVersion: 'storagemigration.k8s.io/v1beta1',
      kind: 'StorageVersionMigration',
      ...migration({ group: 'apps', resource: 'deployments' }, { resourceVersion: '12', conditions: [condition('Running')] }),
    };
    expect(decodeProtobuf(encodeProtobuf(object))).toMatchObject(object);
  });
});
