import { describe, expect, it } from 'vitest';
import { isStored } from './stored-form-plan.ts';

const status = { replicas: 0, readyReplicas: 0, terminatingReplicas: 0, observedGeneration: 1 };
const { readyReplicas: _, ...stored } = status;

describe('a status', () => {
  it('is stored though its zeros are not', () => {
    expect(isStored(status, stored, 'ReplicaSetStatus')).toBe(true);
    expect(isStored({ ...status, readyReplicas: 1 }, stored, 'ReplicaSetStatus')).toBe(false);
  });

  it('is stored as an earlier version of the server did, with all its zeros', () => {
    expect(isStored(status, Object.freeze({ ...status, fullyLabeledReplicas: 0 }), 'ReplicaSetStatus')).toBe(true);
  });

  it('is not stored while a zero that says something is missing, or all of it', () => {
    const { terminatingReplicas: __, ...rest } = stored;
    expect(isStored(status, rest, 'ReplicaSetStatus')).toBe(false);
    expect(isStored({}, undefined, 'ReplicaSetStatus')).toBe(false);
  });
});
