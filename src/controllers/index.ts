import type { Registry } from '../api/registry.ts';
import type { Controller, LiveKinds } from '../client/controller.ts';
import { attachDetach } from './attachdetach/attachdetach.ts';
import { bootstrapSigner } from './bootstrap-signer/bootstrap-signer.ts';
import { clusterRoleAggregation } from './clusterrole-aggregation/clusterrole-aggregation.ts';
import { cronJob } from './cronjob/cronjob.ts';
import { type CertificateSigner, csr } from './csr/csr.ts';
import { daemonSet } from './daemonset/daemonset.ts';
import { deployment } from './deployment/deployment.ts';
import { deviceTaintEviction } from './device-taint-eviction/device-taint-eviction.ts';
import { disruption, staleDisruptionTarget } from './disruption/disruption.ts';
import { endpointsController } from './endpoints/endpoints.ts';
import { endpointslice } from './endpointslice/endpointslice.ts';
import { endpointsliceMirroring } from './endpointslice-mirroring/endpointslice-mirroring.ts';
import { ephemeralVolume } from './ephemeral-volume/ephemeral-volume.ts';
import { flowSchemaController, priorityLevelController } from './flowcontrol/flowcontrol.ts';
import { garbageCollector } from './garbagecollector/garbagecollector.ts';
import { horizontalPodAutoscaler } from './horizontalpodautoscaler/horizontalpodautoscaler.ts';
import { ipAddressRepair, serviceAddresses } from './ip-address/ip-address.ts';
import { job } from './job/job.ts';
import { legacyTokenCleaner, legacyTokenTracking } from './legacy-token/legacy-token.ts';
import type { ControllerObserver } from './lib/controller-observer.ts';
import { namespace } from './namespace/namespace.ts';
import { nodeipam, type PodRange } from './nodeipam/nodeipam.ts';
import { nodeLifecycle } from './nodelifecycle/nodelifecycle.ts';
import { nodeTtl } from './nodettl/nodettl.ts';
import { persistentVolume } from './persistentvolume/persistentvolume.ts';
import { persistentVolumeClaim, volumeExpand } from './persistentvolume/persistentvolumeclaim.ts';
import { podgc } from './podgc/podgc.ts';
import { replicaSet, replicationController } from './replicaset/replicaset.ts';
import { podResourceClaims, resourceClaim } from './resourceclaim/resourceclaim.ts';
import { resourceQuota } from './resourcequota/resourcequota.ts';
import { rootCa } from './root-ca/root-ca.ts';
import { serviceCidr } from './service-cidr/service-cidr.ts';
import { serviceAccount } from './serviceaccount/serviceaccount.ts';
import { type LegacyTokenIssuer, serviceAccountToken } from './serviceaccount-token/serviceaccount-token.ts';
import { statefulSet } from './statefulset/statefulset.ts';
import { pvcProtection, pvProtection, vacProtection } from './storage-protection/storage-protection.ts';
import { storageVersionMigrator } from './storage-version-migrator/storage-version-migrator.ts';
import { taintEviction } from './taint-eviction/taint-eviction.ts';
import { tokenCleaner } from './token-cleaner/token-cleaner.ts';
import { ttlAfterFinished } from './ttl-after-finished/ttl-after-finished.ts';
import { validatingAdmissionPolicyStatus } from './validatingadmissionpolicystatus/validatingadmissionpolicystatus.ts';

/** What controllers need beyond the API: given by the composition root. */
export interface ControllerDependencies {
  /** The server's own kinds that are served. */
  readonly registry: Registry;
  /** Those that CustomResourceDefinitions bring, each once. */
  readonly custom?: LiveKinds;
  /** All that is served at the moment, in every version; `registry` alone when absent. */
  readonly served?: Pick<Registry, 'find' | 'findKind'>;
  /** PEM of the CA that signs the API server's certificate. */
  readonly caPem: string;
  readonly signer: CertificateSigner;
  readonly issueToken: LegacyTokenIssuer;
  /** Addresses of pods: one range, or one a family. */
  readonly podRanges: readonly PodRange[];
  /** Absent: nobody is told. */
  readonly observer?: ControllerObserver;
}

/** Every controller, in the order in which they start. A new one is its folder and a line here. */
export function controllers(dependencies: ControllerDependencies): readonly Controller[] {
  const { registry, custom, served = registry, caPem, signer, issueToken, podRanges, observer } = dependencies;
  const kinds = () => [...registry.all, ...(custom?.current() ?? [])];
  const migrates = registry.byId('storageversionmigrations.storagemigration.k8s.io') !== undefined;
  return [
    serviceAccount,
    serviceAccountToken({ caPem, issueToken }),
    rootCa({ caPem }),
    namespace({ resources: kinds }),
    deployment,
    replicaSet,
    replicationController,
    daemonSet(),
    statefulSet,
    job(observer),
    ttlAfterFinished,
    cronJob(observer),
    garbageCollector({ resources: registry.all, custom }),
    endpointslice(),
    endpointsliceMirroring,
    endpointsController(),
    serviceCidr,
    serviceAddresses,
    ipAddressRepair,
    nodeipam({ ranges: podRanges }),
    ...nodeLifecycle(observer),
    taintEviction(),
    deviceTaintEviction(),
    nodeTtl(),
    podgc(),
    resourceQuota({ resources: registry.all, custom }),
    ephemeralVolume,
    podResourceClaims,
    resourceClaim,
    persistentVolumeClaim,
    persistentVolume,
    volumeExpand,
    pvcProtection,
    pvProtection,
    vacProtection,
    attachDetach(),
    flowSchemaController(),
    priorityLevelController(),
    csr({ signer }),
    tokenCleaner,
    bootstrapSigner,
    legacyTokenTracking(),
    legacyTokenCleaner,
    clusterRoleAggregation,
    horizontalPodAutoscaler({ kinds }),
    disruption({ kinds }),
    staleDisruptionTarget,
    validatingAdmissionPolicyStatus({ kinds: served }),
    ...(migrates ? [storageVersionMigrator({ kinds })] : []),
  ];
}
