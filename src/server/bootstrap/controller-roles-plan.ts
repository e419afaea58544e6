/**
 * What each controller may do: ClusterRole `system:controller:<name>`, bound to the service account kube-system/<name>, as in Kubernetes. The
 * notation is rule-notation-plan.ts's.
 */

const finalizersAndStatus = (groups: string, plural: string) => [
  `${groups}/${plural}/status: update`,
  `${groups}/${plural}/finalizers: update`,
];
const ownPods = 'core/pods: create delete list patch watch';
const owned = (what: string) => `${what}: create delete read patch update`;

const WORKLOADS = {
  'cronjob-controller': [
    'batch/cronjobs: read update',
    owned('batch/jobs'),
    ...finalizersAndStatus('batch', 'cronjobs'),
    'core/pods: delete list watch',
    'events',
  ],
  'daemon-set-controller': [
    'apps+extensions/daemonsets: read',
    ...finalizersAndStatus('apps+extensions', 'daemonsets'),
    'core/nodes: list watch',
    ownPods,
    'core/pods/binding: create',
    owned('apps/controllerrevisions'),
    'events',
  ],
  'deployment-controller': [
    'apps+extensions/deployments: read update',
    ...finalizersAndStatus('apps+extensions', 'deployments'),
    owned('apps+extensions/replicasets'),
    'core/pods: read update',
    'events',
  ],
  'job-controller': ['batch/jobs: read patch update', ...finalizersAndStatus('batch', 'jobs'), ownPods, 'events'],
  'replicaset-controller': [
    'apps+extensions/replicasets: read update',
    ...finalizersAndStatus('apps+extensions', 'replicasets'),
    ownPods,
    'events',
  ],
  'replication-controller': [
    'core/replicationcontrollers: read update',
    ...finalizersAndStatus('core', 'replicationcontrollers'),
    ownPods,
    'events',
  ],
  'statefulset-controller': [
    'apps/statefulsets: read',
    ...finalizersAndStatus('apps', 'statefulsets'),
    owned('core/pods'),
    owned('apps/controllerrevisions'),
    'core/persistentvolumeclaims: create delete read update',
    'core/pods/finalizers: update',
    'events',
  ],
  'ttl-after-finished-controller': ['batch/jobs: delete read', 'events'],
  'horizontal-pod-autoscaler': [
    'autoscaling/horizontalpodautoscalers: read',
    'autoscaling/horizontalpodautoscalers/status: update',
    '*/*/scale: get update',
    'core/pods: list watch',
    'metrics.k8s.io/pods: list watch',
    'custom.metrics.k8s.io+external.metrics.k8s.io/*: read',
    'events',
  ],
  'disruption-controller': [
    'apps+extensions/deployments,replicasets: read',
    'core/replicationcontrollers: read',
    'policy/poddisruptionbudgets: read',
    'apps/statefulsets: read',
    'policy/poddisruptionbudgets/status: update',
    'core/pods/status: patch update',
    '*/*/scale: get',
    'events',
  ],
};

const SERVICES = {
  'endpoint-controller': [
    'core/pods,services: read',
    'core/endpoints: create delete read update',
    'core/endpoints/restricted: create',
    'events',
  ],
  'endpointslice-controller': [
    'core/nodes,pods,services: read',
    'core/services/finalizers: update',
    'discovery.k8s.io/endpointslices: create delete read update',
    'events',
  ],
  'endpointslicemirroring-controller': [
    'core/endpoints,services: read',
    'core/services/finalizers,endpoints/finalizers: update',
    'discovery.k8s.io/endpointslices: create delete read update',
    'events',
  ],
  'route-controller': ['core/nodes: list watch', 'core/nodes/status: patch', 'events'],
  'service-cidrs-controller': [
    'networking.k8s.io/servicecidrs: read patch update',
    'networking.k8s.io/servicecidrs/finalizers,servicecidrs/status: patch update',
    'networking.k8s.io/ipaddresses: read',
    'events',
  ],
  'service-controller': ['core/services: read', 'core/services/status: patch update', 'core/nodes: list watch', 'events'],
};

const STORAGE = {
  'attachdetach-controller': [
    'core/persistentvolumeclaims,persistentvolumes,pods: list watch',
    'core/nodes: read',
    'core/nodes/status: patch update',
    'storage.k8s.io/volumeattachments: create delete read',
    'storage.k8s.io/csidrivers,csinodes: read',
    'events',
  ],
  'ephemeral-volume-controller': ['core/pods: read', 'core/pods/finalizers: update', 'core/persistentvolumeclaims: create read', 'events'],
  'expand-controller': [
    'core/persistentvolumes: read patch update',
    'core/persistentvolumeclaims/status: patch update',
    'core/persistentvolumeclaims: read',
    'events',
  ],
  'persistent-volume-binder': [
    'core/persistentvolumes: create delete read update',
    'core/persistentvolumes/status,persistentvolumeclaims/status: update',
    'core/persistentvolumeclaims: read update',
    'core/pods: create delete read',
    'storage.k8s.io/storageclasses: read',
    'core/nodes: list watch',
    'core/events: watch',
    'events',
  ],
  'pv-protection-controller': ['core/persistentvolumes: read update', 'events'],
  'pvc-protection-controller': [
    'core/persistentvolumeclaims: read update',
    'core/persistentvolumeclaims/status: update',
    'core/pods: read',
    'events',
  ],
  'selinux-warning-controller': ['core/persistentvolumes,persistentvolumeclaims,pods: read', 'storage.k8s.io/csidrivers: read', 'events'],
  'volumeattributesclass-protection-controller': [
    'core/persistentvolumes,persistentvolumeclaims: read',
    'storage.k8s.io/volumeattributesclasses: read update',
    'events',
  ],
};

const CLUSTER = {
  'certificate-controller': [
    'certificates.k8s.io/certificatesigningrequests: delete read',
    'certificates.k8s.io/certificatesigningrequests/approval,certificatesigningrequests/status: update',
    'certificates.k8s.io/signers(kubernetes.io/kube-apiserver-client-kubelet): approve',
    'certificates.k8s.io/signers(kubernetes.io/kube-apiserver-client,kubernetes.io/kube-apiserver-client-kubelet,kubernetes.io/kubelet-serving,kubernetes.io/legacy-unknown): sign',
    'authorization.k8s.io/subjectaccessreviews: create',
    'events',
  ],
  'clusterrole-aggregation-controller': ['rbac.authorization.k8s.io/clusterroles: escalate read patch update'],
  'device-taint-eviction-controller': [
    'core/pods: delete read',
    'core/pods/status: patch update',
    'resource.k8s.io/resourceclaims,resourceslices,deviceclasses: read',
    'events',
  ],
  'generic-garbage-collector': ['*/*: delete read patch update', 'events'],
  'legacy-service-account-token-cleaner': [
    'core/configmaps(kube-apiserver-legacy-service-account-token-tracking): get',
    'core/secrets: delete patch',
  ],
  'namespace-controller': [
    'core/namespaces: delete read',
    'core/namespaces/finalize,namespaces/status: update',
    '*/*: delete deletecollection read',
  ],
  'node-controller': [
    'core/nodes: delete read patch update',
    'core/nodes/status,pods/status: patch update',
    'core/pods: delete read',
    'events',
  ],
  'pod-garbage-collector': ['core/pods: delete list watch', 'core/nodes: read', 'core/pods/status: patch'],
  'resource-claim-controller': [
    'core/pods: read',
    'core/pods/finalizers: update',
    'resource.k8s.io/resourceclaims: create delete read',
    'resource.k8s.io/resourceclaims,resourceclaims/status,resourceclaims/binding: patch update',
    'core/pods/status: patch update',
    'events',
  ],
  'resourcequota-controller': ['*/*: list watch', 'core/resourcequotas/status: update', 'events'],
  'root-ca-cert-publisher': ['core/configmaps: create update', 'events'],
  'service-account-controller': ['core/serviceaccounts: create', 'events'],
  'ttl-controller': ['core/nodes: list patch update watch', 'events'],
  'validatingadmissionpolicy-status-controller': [
    'admissionregistration.k8s.io/validatingadmissionpolicies: read',
    'admissionregistration.k8s.io/validatingadmissionpolicies/status: get patch update',
    'events',
  ],
};

export const CONTROLLER_ROLES: Readonly<Record<string, readonly string[]>> = { ...WORKLOADS, ...SERVICES, ...STORAGE, ...CLUSTER };

/** Of controllers of kinds that are off by default, by the resource id of the kind. */
export const OPTIONAL_CONTROLLER_ROLES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'storageversionmigrations.storagemigration.k8s.io': {
    'storage-version-migrator-controller': [
      '*/*: create list patch',
      'apiextensions.k8s.io/customresourcedefinitions: get',
      'apiextensions.k8s.io/customresourcedefinitions/status: patch',
      'storagemigration.k8s.io/storageversionmigrations/status: update',
    ],
  },
};
