import { accessNumbers } from './access.ts';
import { admissionNumbers } from './admission.ts';
import { coreNumbers } from './core.ts';
import { corePodsNumbers } from './core-pods.ts';
import { coreVolumesNumbers } from './core-volumes.ts';
import { extensionsNumbers } from './extensions.ts';
import { flowcontrolNumbers } from './flowcontrol.ts';
import { metaNumbers } from './meta.ts';
import { metricsNumbers } from './metrics.ts';
import { networkingNumbers } from './networking.ts';
import { nodesNumbers } from './nodes.ts';
import { workloadsNumbers } from './workloads.ts';

/** The fields of every message by the name of its schema (Kubernetes 1.36, the generated.proto beside each group's types). */
export const fieldNumbers: Readonly<Record<string, string>> = {
  ...metaNumbers,
  ...coreNumbers,
  ...corePodsNumbers,
  ...coreVolumesNumbers,
  ...workloadsNumbers,
  ...networkingNumbers,
  ...nodesNumbers,
  ...accessNumbers,
  ...admissionNumbers,
  ...flowcontrolNumbers,
  ...extensionsNumbers,
  ...metricsNumbers,
};
