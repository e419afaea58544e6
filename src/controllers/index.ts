import type { Registry } from '../api/registry.ts';
import type { Controller } from '../client/controller.ts';
import { deployment } from './deployment/deployment.ts';
import { namespace } from './namespace/namespace.ts';
import { replicaSet, replicationController } from './replicaset/replicaset.ts';
import { rootCa } from './root-ca/root-ca.ts';
import { serviceAccount } from './serviceaccount/serviceaccount.ts';

/** What controllers need beyond the API: given by the composition root. */
export interface ControllerDependencies {
  readonly registry: Registry;
  /** PEM of the CA that signs the API server's certificate. */
  readonly caPem: string;
}

/** Every controller, in the order in which they start. A new one is its folder and a line here. */
export function controllers({ registry, caPem }: ControllerDependencies): readonly Controller[] {
  return [serviceAccount, rootCa({ caPem }), namespace({ resources: () => registry.all }), deployment, replicaSet, replicationController];
}
