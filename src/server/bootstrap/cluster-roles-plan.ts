/** Kubernetes' default ClusterRoles (Using RBAC Authorization: "Default roles and role bindings"), in the notation of rule-notation-plan.ts. */

const SCALABLE = 'deployments,deployments/scale,replicasets,replicasets/scale';
const DELEGATED_AUTH = ['authentication.k8s.io/tokenreviews: create', 'authorization.k8s.io/subjectaccessreviews: create'];
const approver = (signer: string) => [`certificates.k8s.io/signers(kubernetes.io/${signer}): approve`];
const nodeRequests = ['certificates.k8s.io/certificatesigningrequests: create read'];

/** Whose rules admin, edit and view have as well; metrics-server installs this one. */
export const AGGREGATED_ROLES: Readonly<Record<string, readonly string[]>> = {
  'system:aggregated-metrics-reader': ['metrics.k8s.io/nodes,pods: read'],
};

export const CLUSTER_ROLES: Readonly<Record<string, readonly string[]>> = {
  'cluster-admin': ['*/*: *', '*: *'],
  'system:auth-delegator': DELEGATED_AUTH,
  'system:basic-user': [
    'authorization.k8s.io/selfsubjectaccessreviews,selfsubjectrulesreviews: create',
    'authentication.k8s.io/selfsubjectreviews: create',
  ],
  'system:certificates.k8s.io:certificatesigningrequests:nodeclient': ['certificates.k8s.io/certificatesigningrequests/nodeclient: create'],
  'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient': [
    'certificates.k8s.io/certificatesigningrequests/selfnodeclient: create',
  ],
  'system:certificates.k8s.io:kube-apiserver-client-approver': approver('kube-apiserver-client'),
  'system:certificates.k8s.io:kube-apiserver-client-kubelet-approver': approver('kube-apiserver-client-kubelet'),
  'system:certificates.k8s.io:kubelet-serving-approver': approver('kubelet-serving'),
  'system:certificates.k8s.io:legacy-unknown-approver': approver('legacy-unknown'),
  'system:discovery': ['/api,/api/*,/apis,/apis/*,/healthz,/livez,/openapi,/openapi/*,/readyz,/version,/version/: get'],
  'system:heapster': ['core/events,namespaces,nodes,pods: read', 'extensions/deployments: read'],
  'system:kube-aggregator': ['core/endpoints,services: read'],
  'system:kube-controller-manager': [
    'events',
    'coordination.k8s.io/leases: create',
    'coordination.k8s.io/leases(kube-controller-manager): get update',
    'core/secrets,serviceaccounts: create update',
    'core/secrets: delete',
    'core/configmaps,namespaces,secrets,serviceaccounts: get',
    ...DELEGATED_AUTH,
    '*/*: list watch',
    'core/serviceaccounts/token: create',
  ],
  'system:kube-dns': ['core/endpoints,services: list watch'],
  'system:kube-scheduler': [
    'events',
    'coordination.k8s.io/leases: create',
    'coordination.k8s.io/leases(kube-scheduler): read update',
    'coordination.k8s.io/leasecandidates: read write',
    'core/nodes: read',
    'core/pods: delete read',
    'core/bindings,pods/binding: create',
    'core/pods/status: patch update',
    'core/replicationcontrollers,services: read',
    'apps+extensions/replicasets: read',
    'apps/statefulsets: read',
    'policy/poddisruptionbudgets: read',
    'core/persistentvolumeclaims,persistentvolumes: read',
    ...DELEGATED_AUTH,
    'storage.k8s.io/csinodes,csidrivers,csistoragecapacities,volumeattachments: read',
    'core/namespaces: read',
    'resource.k8s.io/deviceclasses,resourceslices: read',
    'resource.k8s.io/resourceclaims: read patch update',
    'resource.k8s.io/resourceclaims/status: read patch update',
    'core/pods/finalizers: update',
    'resource.k8s.io/resourceclaims: create delete',
    'resource.k8s.io/resourceclaims/binding: patch update',
  ],
  'system:kubelet-api-admin': [
    'core/nodes: read proxy',
    'core/nodes/configz,nodes/healthz,nodes/log,nodes/metrics,nodes/pods,nodes/proxy,nodes/stats: *',
  ],
  'system:monitoring': [
    '/flagz,/healthz,/healthz/*,/livez,/livez/*,/metrics,/metrics/slis,/readyz,/readyz/*,/statusz: get',
    'core/nodes/metrics: get',
  ],
  'system:node': [
    'authentication.k8s.io/tokenreviews: create',
    'authorization.k8s.io/localsubjectaccessreviews,subjectaccessreviews: create',
    'core/services: read',
    'core/nodes: create read patch update',
    'core/nodes/status: patch update',
    'core+events.k8s.io/events: create patch update',
    'core/pods: create delete read',
    'core/pods/status: patch update',
    'core/pods/eviction: create',
    'core/configmaps,secrets: read',
    'core/persistentvolumeclaims,persistentvolumes: get',
    'core/endpoints: get',
    ...nodeRequests,
    'coordination.k8s.io/leases: create delete get patch update',
    'storage.k8s.io/volumeattachments: get',
    'core/serviceaccounts/token: create',
    'core/persistentvolumeclaims/status: get patch update',
    'storage.k8s.io/csidrivers: read',
    'storage.k8s.io/csinodes: create delete get patch update',
    'node.k8s.io/runtimeclasses: read',
    'resource.k8s.io/resourceclaims: get',
    'resource.k8s.io/resourceslices: deletecollection',
    'core/serviceaccounts: get',
  ],
  'system:node-bootstrapper': nodeRequests,
  'system:node-problem-detector': ['core/nodes: get', 'core/nodes/status: patch', 'events'],
  'system:node-proxier': [
    'core/endpoints,services: list watch',
    'core/nodes: read',
    'events',
    'discovery.k8s.io/endpointslices: list watch',
    'networking.k8s.io/servicecidrs: list watch',
  ],
  'system:persistent-volume-provisioner': [
    'core/persistentvolumes: create delete read',
    'core/persistentvolumeclaims: read update',
    'storage.k8s.io/storageclasses: read',
    'core/events: watch',
    'events',
  ],
  'system:public-info-viewer': ['/healthz,/livez,/readyz,/version,/version/: get'],
  'system:service-account-issuer-discovery': [
    '/.well-known/openid-configuration,/.well-known/openid-configuration/,/openid/v1/jwks,/openid/v1/jwks/: get',
  ],
  'system:volume-scheduler': ['core/persistentvolumes,persistentvolumeclaims: read patch update', 'storage.k8s.io/storageclasses: read'],
  // An agent that joins has only a token; it checks the CA against the hash in it. What the cluster is like is no secret.
  'minik:ca-viewer': ['/cacerts,/minik/cluster: get'],
  // What any node may do that is nobody's own (upstream's node authorizer has these rules built in), and what minik's agent
  // reads beyond a kubelet: it is service proxy, DNS, overlay, network policy and ingress of its node as well.
  'minik:node-agent': [
    'authentication.k8s.io/tokenreviews: create',
    'authorization.k8s.io/localsubjectaccessreviews,subjectaccessreviews: create',
    'events',
    ...nodeRequests,
    'node.k8s.io/runtimeclasses: read',
    'storage.k8s.io/csidrivers: read',
    'core/services,endpoints,nodes,namespaces,pods: read',
    'discovery.k8s.io/endpointslices: read',
    'networking.k8s.io/networkpolicies,ingresses,ingressclasses: read',
  ],
};

const EDITABLE_APPS = `daemonsets,${SCALABLE},deployments/rollback,statefulsets,statefulsets/scale`;
const EDITABLE_EXTENSIONS = `daemonsets,${SCALABLE},deployments/rollback,ingresses,networkpolicies,replicationcontrollers/scale`;
const VIEWABLE_APPS = [
  'controllerrevisions,daemonsets,daemonsets/status',
  `${SCALABLE},deployments/status,replicasets/status`,
  'statefulsets,statefulsets/scale,statefulsets/status',
].join(',');
const VIEWABLE_EXTENSIONS = [
  `daemonsets,daemonsets/status,${SCALABLE},deployments/status,replicasets/status`,
  'ingresses,ingresses/status,networkpolicies,replicationcontrollers/scale',
].join(',');

/** Roles that admin, edit and view gather their rules from, by which of the three takes them. */
export const AGGREGATE_PARTS: Readonly<Record<'admin' | 'edit' | 'view', readonly string[]>> = {
  admin: ['authorization.k8s.io/localsubjectaccessreviews: create', 'rbac.authorization.k8s.io/rolebindings,roles: write read'],
  edit: [
    'core/pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy: read',
    'core/serviceaccounts: impersonate',
    'core/pods,pods/attach,pods/exec,pods/portforward,pods/proxy: write',
    'core/pods/eviction: create',
    'core+events.k8s.io/events: write',
    'core/configmaps,persistentvolumeclaims,replicationcontrollers,replicationcontrollers/scale,secrets,serviceaccounts,services,services/proxy: write',
    'core/serviceaccounts/token: create',
    `apps/${EDITABLE_APPS}: write`,
    'autoscaling/horizontalpodautoscalers: write',
    'batch/cronjobs,jobs: write',
    `extensions/${EDITABLE_EXTENSIONS}: write`,
    'policy/poddisruptionbudgets: write',
    'networking.k8s.io/ingresses,networkpolicies: write',
    'coordination.k8s.io/leases: write read',
    'resource.k8s.io/resourceclaims,resourceclaimtemplates: write',
  ],
  view: [
    'core/configmaps,endpoints,persistentvolumeclaims,persistentvolumeclaims/status,pods: read',
    'core/replicationcontrollers,replicationcontrollers/scale,serviceaccounts,services,services/status: read',
    'core+events.k8s.io/events: read',
    'core/bindings,limitranges,namespaces/status,pods/log,pods/status: read',
    'core/replicationcontrollers/status,resourcequotas,resourcequotas/status: read',
    'core/namespaces: read',
    'discovery.k8s.io/endpointslices: read',
    `apps/${VIEWABLE_APPS}: read`,
    'autoscaling/horizontalpodautoscalers,horizontalpodautoscalers/status: read',
    'batch/cronjobs,cronjobs/status,jobs,jobs/status: read',
    `extensions/${VIEWABLE_EXTENSIONS}: read`,
    'policy/poddisruptionbudgets,poddisruptionbudgets/status: read',
    'networking.k8s.io/ingresses,ingresses/status,networkpolicies: read',
    'resource.k8s.io/resourceclaims,resourceclaims/status,resourceclaimtemplates: read',
  ],
};
