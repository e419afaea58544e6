import { describe, expect, it } from 'vitest';
import type { ResourceDefinition } from '../define.ts';
import type { KubeObject } from '../meta/object.ts';
import { daemonSets } from './daemon-set.ts';
import { deployments } from './deployment.ts';
import { replicaSets } from './replica-set.ts';
import { statefulSets } from './stateful-set.ts';

const context = { now: '2026-01-01T00:00:00Z', user: { name: 'u', groups: [] }, subresource: '' };
const podSpec = { containers: [{ name: 'a', image: 'i:1' }] };
const workload = (spec: object = {}): KubeObject & { spec: object } => ({
  metadata: { name: 'n', namespace: 'd' },
  spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: podSpec }, ...spec },
});
const prepared = ({ hooks }: ResourceDefinition, object: KubeObject): KubeObject => {
  const draft = structuredClone(object);
  hooks.defaults?.(draft);
  return draft;
};
const lines = (errors: readonly { path: string; message: string }[] | undefined) => (errors ?? []).map((e) => `${e.path}: ${e.message}`);

function created(definition: ResourceDefinition, object: KubeObject): string[] {
  const draft = prepared(definition, object);
  return [...lines(definition.hooks.validate?.(draft)), ...lines(definition.hooks.validateCreate?.(draft, context))];
}

const claim = (name: string, storage = '1Gi') => ({
  metadata: { name },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
});

describe('validation of workloads', () => {
  it.each<[ResourceDefinition, string, string]>([
    [
      deployments,
      'strategy',
      'spec.strategy: Unsupported value: {"Type":"X","RollingUpdate":null}: supported values: "Recreate", "RollingUpdate"',
    ],
    [
      daemonSets,
      'updateStrategy',
      'spec.updateStrategy: Unsupported value: {"Type":"X","RollingUpdate":null}: supported values: "RollingUpdate", "OnDelete"',
    ],
    [
      statefulSets,
      'updateStrategy',
      'spec.updateStrategy: Invalid value: {"Type":"X","RollingUpdate":null}: must be \'RollingUpdate\' or \'OnDelete\'',
    ],
  ])('shows a strategy that is none as upstream has it (%#)', (definition, field, expected) => {
    expect(created(definition, workload({ [field]: { type: 'X' } }))).toEqual([expected]);
  });

  it.each<[ResourceDefinition, string, object, object]>([
    [deployments, 'strategy', { maxSurge: 1 }, { MaxUnavailable: 0, MaxSurge: 1 }],
    [daemonSets, 'updateStrategy', { maxUnavailable: '5%' }, { MaxUnavailable: '5%', MaxSurge: 0 }],
    [statefulSets, 'updateStrategy', { partition: 2 }, { Partition: 2, MaxUnavailable: null }],
  ])('shows how that would have been rolled out (%#)', (definition, field, rollingUpdate, expected) => {
    const [finding] = created(definition, workload({ [field]: { type: 'X', rollingUpdate } }));
    expect(finding).toContain(`value: {"Type":"X","RollingUpdate":${JSON.stringify(expected)}}: `);
  });

  it.each([[deployments], [replicaSets], [statefulSets]])(
    'finds that no selector selects nothing (%#)',
    (definition: ResourceDefinition) => {
      expect(created(definition, workload({ selector: undefined }))).toEqual([
        'spec.selector: Required value',
        'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`',
      ]);
    },
  );

  it('shows labels in the order of their keys', () => {
    const template = { metadata: { labels: { z: '1', c: '2' } }, spec: podSpec };
    expect(created(deployments, workload({ template }))).toEqual([
      'spec.template.metadata.labels: Invalid value: {"c":"2","z":"1"}: `selector` does not match template `labels`',
    ]);
  });
});

describe('validation of a StatefulSet', () => {
  it('says first what is wrong with the pods, then that they must run for ever', () => {
    const template = { metadata: { labels: { a: 'b' } }, spec: { ...podSpec, restartPolicy: 'X' } };
    expect(created(statefulSets, workload({ template }))).toEqual([
      'spec.template.spec.restartPolicy: Unsupported value: "X": supported values: "Always", "OnFailure", "Never"',
      'spec.template.spec.restartPolicy: Unsupported value: "X": supported values: "Always"',
    ]);
  });

  it('finds a claim template without a name by the volume that it would be', () => {
    expect(created(statefulSets, workload({ volumeClaimTemplates: [claim('')] }))).toEqual([
      'spec.template.spec.volumes[0].persistentVolumeClaim.claimName: Required value',
      'spec.template.spec.volumes[0].name: Required value',
    ]);
  });

  it('takes two claim templates of one name, and a host name that the pods will not have', () => {
    const template = { metadata: { labels: { a: 'b' } }, spec: { ...podSpec, hostname: 'NOT VALID', subdomain: 'NOR THIS' } };
    expect(created(statefulSets, workload({ template, volumeClaimTemplates: [claim('c'), claim('c')] }))).toEqual([]);
  });

  it('puts claims to keep before claims to delete', () => {
    expect(created(statefulSets, workload({ persistentVolumeClaimRetentionPolicy: { whenScaled: 'X' } }))).toEqual([
      'spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "X": supported values: "Retain", "Delete"',
    ]);
  });

  it('looks at new pods of a set whose pods were valid, and lets be what never was', () => {
    const bad = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'A', image: 'i:1' }] } };
    const update = (now: object, before: object) =>
      lines(statefulSets.hooks.validateUpdate?.(prepared(statefulSets, workload(now)), prepared(statefulSets, workload(before)), context));
    expect(update({ template: bad }, {})).toEqual([
      expect.stringMatching(/^spec\.template\.spec\.containers\[0\]\.name: Invalid value: "A"/),
    ]);
    expect(update({ template: bad, replicas: 2 }, { template: bad })).toEqual([]);
    expect(update({ serviceName: 'A.B', replicas: 2 }, { serviceName: 'A.B' })).toEqual([]);
  });
});

it('a StatefulSet’s author is told of claims for parts of a byte, and of revisions that are kept for ever', () => {
  const claim = { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1500m' } } } };
  const set = { spec: { volumeClaimTemplates: [claim], revisionHistoryLimit: -1 } } as never;
  const limit = 'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended';
  const bytes = (path: string) => `${path}.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer`;
  expect(statefulSets.hooks.warnings?.(set, undefined)).toEqual([bytes('spec.volumeClaimTemplates[0]'), limit]);
  expect(statefulSets.hooks.warnings?.(set, set)).toEqual([bytes('spec.volumeClaimTemplates[0].Spec'), limit]);
});
