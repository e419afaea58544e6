import type { Random } from '../../base/random.ts';
import type { AdmissionPlugin, ObjectReader } from '../ports.ts';
import { defaultTolerationSeconds } from './plugins/default-toleration-seconds.ts';
import { namespaceLifecycle } from './plugins/namespace-lifecycle.ts';
import { priority } from './plugins/priority.ts';
import { serviceAccount } from './plugins/service-account.ts';
import { taintNodesByCondition } from './plugins/taint-nodes-by-condition.ts';

/** The admission plugins of every server, in upstream's order. Webhooks, policies and quota will come after them. */
export const builtInAdmission = (objects: ObjectReader, random: Random): readonly AdmissionPlugin[] => [
  namespaceLifecycle(objects),
  serviceAccount(objects, random),
  taintNodesByCondition,
  priority(objects),
  defaultTolerationSeconds,
];
