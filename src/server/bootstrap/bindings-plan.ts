/** Kubernetes' default Roles: `namespace/name` -> rules (rule-notation-plan.ts) and who is bound to them. */

const LEADER_RULES = ['coordination.k8s.io/leases,leasecandidates: create read update'];

export interface NamespacedRole {
  readonly rules: readonly string[];
  /** The binding's name where it is not the role's. */
  readonly binding?: string;
  /** `User/name` or `ServiceAccount/namespace/name`. */
  readonly subjects: readonly string[];
}

export const NAMESPACED_ROLES: Readonly<Record<string, NamespacedRole>> = {
  'kube-public/system:controller:bootstrap-signer': {
    rules: ['core/configmaps: read', 'core/configmaps(cluster-info): update', 'events'],
    subjects: ['ServiceAccount/kube-system/bootstrap-signer'],
  },
  'kube-system/extension-apiserver-authentication-reader': {
    rules: ['core/configmaps(extension-apiserver-authentication): read'],
    binding: 'system::extension-apiserver-authentication-reader',
    subjects: ['User/system:kube-controller-manager', 'User/system:kube-scheduler'],
  },
  'kube-system/system::leader-locking-kube-controller-manager': {
    rules: LEADER_RULES,
    subjects: [
      'User/system:kube-controller-manager',
      'ServiceAccount/kube-system/kube-controller-manager',
      'ServiceAccount/kube-system/leader-election-controller',
    ],
  },
  'kube-system/system::leader-locking-kube-scheduler': {
    rules: LEADER_RULES,
    subjects: ['User/system:kube-scheduler', 'ServiceAccount/kube-system/kube-scheduler'],
  },
  'kube-system/system:controller:bootstrap-signer': {
    rules: ['core/secrets: read'],
    subjects: ['ServiceAccount/kube-system/bootstrap-signer'],
  },
  'kube-system/system:controller:cloud-provider': {
    rules: ['core/configmaps: create read'],
    subjects: ['ServiceAccount/kube-system/cloud-provider'],
  },
  'kube-system/system:controller:token-cleaner': {
    rules: ['core/secrets: delete read', 'events'],
    subjects: ['ServiceAccount/kube-system/token-cleaner'],
  },
};

/** Cluster-wide bindings: name -> the ClusterRole, where it is called otherwise, and who is bound. */
export const CLUSTER_BINDINGS: Readonly<Record<string, { readonly role?: string; readonly subjects: readonly string[] }>> = {
  'cluster-admin': { subjects: ['Group/system:masters'] },
  'system:monitoring': { subjects: ['Group/system:monitoring'] },
  'system:discovery': { subjects: ['Group/system:authenticated'] },
  'system:basic-user': { subjects: ['Group/system:authenticated'] },
  'system:public-info-viewer': { subjects: ['Group/system:authenticated', 'Group/system:unauthenticated'] },
  'system:service-account-issuer-discovery': { subjects: ['Group/system:serviceaccounts'] },
  'system:node-proxier': { subjects: ['User/system:kube-proxy'] },
  'system:kube-controller-manager': { subjects: ['User/system:kube-controller-manager'] },
  'system:kube-dns': { subjects: ['ServiceAccount/kube-system/kube-dns'] },
  'system:kube-scheduler': { subjects: ['User/system:kube-scheduler'] },
  'system:volume-scheduler': { subjects: ['User/system:kube-scheduler'] },
  'system:node': { subjects: [] },
  // What kubeadm sets up for joining nodes, and minik's agent.
  'minik:node-bootstrapper': { role: 'system:node-bootstrapper', subjects: ['Group/system:bootstrappers'] },
  'minik:node-autoapprove-bootstrap': {
    role: 'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    subjects: ['Group/system:bootstrappers'],
  },
  'minik:node-autoapprove-rotation': {
    role: 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    subjects: ['Group/system:nodes'],
  },
  'minik:kubelet-api-admin': { role: 'system:kubelet-api-admin', subjects: ['User/kube-apiserver-kubelet-client'] },
  'minik:ca-viewer': { subjects: ['Group/system:authenticated', 'Group/system:unauthenticated'] },
  'minik:node-agent': { subjects: ['Group/system:nodes'] },
};
