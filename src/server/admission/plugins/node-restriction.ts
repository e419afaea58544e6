import { resourceId } from '../../../api/define.ts';
import type { CertificateSigningRequest } from '../../../api/schema/generated/types.ts';
import { nodeNameOf } from '../../authz/node.ts';
import { describeCsr } from '../../pki/csr.ts';
import type { AdmissionPlugin, AdmissionRequest, Authorizer, ObjectReader } from '../../ports.ts';
import { claimFault, csiNodeFault, leaseFault, nodeFault, resourceSliceFault } from '../node-restriction/node-rules.ts';
import { podFault, tokenFault } from '../node-restriction/pod-rules.ts';
import { refusal } from '../request.ts';

const NODE_SIGNERS = new Set(['kubernetes.io/kubelet-serving', 'kubernetes.io/kube-apiserver-client-kubelet']);

/** Certificates of nodes are for the node that asks. */
async function csrFault({ operation, request, object }: AdmissionRequest, node: string): Promise<string | undefined> {
  if (operation !== 'CREATE' || request.subresource) return undefined;
  const { spec } = object as CertificateSigningRequest;
  if (!NODE_SIGNERS.has(spec.signerName)) return undefined;
  try {
    const { commonName } = await describeCsr(atob(spec.request));
    return commonName === `system:node:${node}` ? undefined : `can only create a node CSR with CN=system:node:${node}`;
  } catch (error) {
    return `unable to parse csr: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/**
 * Keeps agents to their own objects in what only the body shows, and in what may be changed of them (Kubernetes: "NodeRestriction"). Which objects an agent
 * reaches at all, the node authorizer says.
 */
export const nodeRestriction = (objects: ObjectReader, authorizer: Authorizer): AdmissionPlugin => {
  const faultIn = (admission: AdmissionRequest, node: string): string | undefined | Promise<string | undefined> => {
    const { request, operation } = admission;
    switch (resourceId({ group: request.group, plural: request.resource })) {
      case 'pods':
        return podFault(admission, node, objects);
      case 'nodes':
        return nodeFault(admission, node);
      case 'persistentvolumeclaims':
        return claimFault(admission, node);
      case 'serviceaccounts':
        return operation === 'CREATE' && request.subresource === 'token' ? tokenFault(admission, node, objects, authorizer) : undefined;
      case 'leases.coordination.k8s.io':
        return leaseFault(admission, node);
      case 'csinodes.storage.k8s.io':
        return csiNodeFault(admission, node);
      case 'resourceslices.resource.k8s.io':
        return resourceSliceFault(admission, node);
      case 'certificatesigningrequests.certificates.k8s.io':
        return csrFault(admission, node);
      default:
        return undefined;
    }
  };
  const check = async (admission: AdmissionRequest, node: string) => {
    const fault = await faultIn(admission, node);
    if (fault) throw refusal(admission, fault);
  };
  return {
    name: 'NodeRestriction',
    // Upstream's only admits: it refuses before anything is validated.
    mutate(admission) {
      const node = admission.operation === 'CONNECT' ? undefined : nodeNameOf(admission.context.user);
      return node === undefined ? undefined : check(admission, node);
    },
  };
};
