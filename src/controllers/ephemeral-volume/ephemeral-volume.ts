import { persistentVolumeClaims } from '../../api/core/persistent-volume-claim.ts';
import { pods } from '../../api/core/pod.ts';
import { objectKey } from '../../api/meta/object.ts';
import type { PersistentVolumeClaim, Pod } from '../../api/schema/generated/types.ts';
import type { Controller, ReconcileRequest } from '../../client/controller.ts';
import { messageOf } from '../lib/pod-control.ts';
import { ephemeralClaims, planClaims } from './ephemeral-volume-plan.ts';

const CLAIM_INDEX = 'ephemeral-claim';

/** Makes the claims that pods' ephemeral volumes stand for (https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#generic-ephemeral-volumes). */
export const ephemeralVolume: Controller = {
  name: 'ephemeral-volume',
  reads: ['pods', 'persistentvolumeclaims'],
  writes: ['persistentvolumeclaims'],
  indexes: { pods: { [CLAIM_INDEX]: ephemeralClaims } },
  enqueue: {
    pods: (pod: Pod) => (ephemeralClaims(pod).length > 0 && !pod.metadata?.deletionTimestamp ? [objectKey(pod)] : []),
    persistentvolumeclaims: (claim: PersistentVolumeClaim, { informer }) => informer(pods).by(CLAIM_INDEX, objectKey(claim)).map(objectKey),
  },
  reconcile,
};

async function reconcile({ key, informer, client, event, signal }: ReconcileRequest): Promise<void> {
  const pod = informer(pods).get(key);
  if (!pod) return;
  const { namespace } = pod.metadata ?? {};
  const fail = (volume: string, message: string): never => {
    event({ ...pod, apiVersion: 'v1', kind: 'Pod' }, 'Warning', 'FailedBinding', `ephemeral volume ${volume}: ${message}`);
    throw new Error(`ephemeral volume ${volume}: ${message}`);
  };
  for (const step of planClaims(pod, (name) => informer(persistentVolumeClaims).get(`${namespace}/${name}`))) {
    if (step.do === 'refuse') fail(step.volume, step.message);
    else {
      await client
        .create(persistentVolumeClaims, step.claim, { namespace, signal })
        .catch((error: unknown) => fail(step.volume, `create PVC ${step.claim.metadata?.name}: ${messageOf(error)}`));
    }
  }
}
