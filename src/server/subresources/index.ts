import type { CustomSubresourceHandler, VirtualHandler } from '../registry/registry.ts';
import { bindPod } from './binding.ts';
import { evictPod } from './eviction.ts';
import { approveCertificate, ephemeralContainers, finalizeNamespace, resizePod } from './parts.ts';

/** Subresources that this folder answers by itself. serviceaccounts/token comes from authn; streams are elsewhere. */
export const builtInSubresources: Readonly<Record<string, CustomSubresourceHandler>> = {
  'pods/binding': bindPod,
  'pods/eviction': evictPod,
  'pods/ephemeralcontainers': ephemeralContainers,
  'pods/resize': resizePod,
  'namespaces/finalize': finalizeNamespace,
  'certificatesigningrequests.certificates.k8s.io/approval': approveCertificate,
};

export const builtInVirtual: Readonly<Record<string, VirtualHandler>> = { bindings: bindPod };
