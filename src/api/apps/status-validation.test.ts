import { describe, expect, it } from 'vitest';
import { checkDaemonSetStatus, checkDeploymentStatus, checkReplicaSetStatus, checkStatefulSetStatus } from './status-validation.ts';

const lines = (errors: readonly { path: string; message: string }[]) => errors.map(({ path, message }) => `${path}: ${message}`);
type Check = (object: never, old: never) => { path: string; message: string }[];
const findings = (check: Check, status: object, old: object = {}) => lines(check({ status } as never, { status: old } as never));

describe('the status of a workload', () => {
  it.each<[Check, object, string[]]>([
    [checkDeploymentStatus, { replicas: 2, updatedReplicas: 2, readyReplicas: 1, availableReplicas: 1 }, []],
    [
      checkDeploymentStatus,
      { replicas: 1, terminatingReplicas: -1 },
      ['status.terminatingReplicas: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      checkReplicaSetStatus,
      { replicas: -1 },
      expect.arrayContaining(['status.readyReplicas: Invalid value: 0: cannot be greater than status.replicas']),
    ],
    [
      checkDeploymentStatus,
      { replicas: 1, updatedReplicas: 2, availableReplicas: 1 },
      [
        'status.updatedReplicas: Invalid value: 2: cannot be greater than status.replicas',
        'status.availableReplicas: Invalid value: 1: cannot be greater than readyReplicas',
      ],
    ],
    [
      checkReplicaSetStatus,
      { replicas: 1, fullyLabeledReplicas: 2, readyReplicas: 1 },
      ['status.fullyLabeledReplicas: Invalid value: 2: cannot be greater than status.replicas'],
    ],
    [
      checkStatefulSetStatus,
      { replicas: 2, availableReplicas: 1 },
      ['status.availableReplicas: Invalid value: 1: cannot be greater than status.readyReplicas'],
    ],
    [checkDaemonSetStatus, { numberReady: -1 }, ['status.numberReady: Invalid value: -1: must be greater than or equal to 0']],
  ])('%o finds in %j: %j', (check, status, expected) => {
    expect(findings(check, status)).toEqual(expected);
  });

  it.each([checkDeploymentStatus, checkStatefulSetStatus, checkDaemonSetStatus] as Check[])(
    '%o: collisions are never taken back',
    (check) => {
      const refused = ['status.collisionCount: Invalid value: 0: cannot be decremented'];
      expect(findings(check, {}, { collisionCount: 0 })).toEqual(refused);
      expect(findings(check, { collisionCount: 0 }, { collisionCount: 1 })).toEqual(refused);
      expect(findings(check, { collisionCount: 2 }, { collisionCount: 1 })).toEqual([]);
      expect(findings(check, { collisionCount: 1 })).toEqual([]);
    },
  );
});
