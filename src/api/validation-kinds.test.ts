import { describe, expect, it } from 'vitest';
import type { ResourceDefinition } from './define.ts';
import * as api from './index.ts';
import type { KubeObject } from './meta/object.ts';

const context = { now: '2026-01-01T00:00:00Z', user: { name: 'u', groups: [] }, subresource: '' };
const lines = (errors: readonly { path: string; message: string }[] | undefined) => (errors ?? []).map((e) => `${e.path}: ${e.message}`);
type Loose = object & KubeObject;

const prepared = (definition: ResourceDefinition, object: Loose): KubeObject => {
  const draft = structuredClone(object) as KubeObject;
  definition.hooks.defaults?.(draft);
  return draft;
};
function created(definition: ResourceDefinition, object: Loose): string[] {
  const draft = prepared(definition, object);
  definition.hooks.prepareForCreate?.(draft, context);
  return [...lines(definition.hooks.validate?.(draft)), ...lines(definition.hooks.validateCreate?.(draft, context))];
}
function updated(definition: ResourceDefinition, object: Loose, old: Loose): string[] {
  return lines(definition.hooks.validateUpdate?.(prepared(definition, object), prepared(definition, old), context));
}

const podSpec = { restartPolicy: 'Never', containers: [{ name: 'a', image: 'i:1' }] };
const metadata = { name: 'n', namespace: 'd', uid: 'u' };
const job = (spec: object = {}, template: object = {}) => ({ metadata, spec: { template: { spec: podSpec, ...template }, ...spec } });
const cronJob = (spec: object, name = 'n') => ({
  metadata: { ...metadata, name },
  spec: { schedule: '* * * * *', jobTemplate: job(), ...spec },
});
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

describe('validation of batch', () => {
  it.each<[Loose, string[]]>([
    [job(), []],
    [
      job({}, { spec: { containers: podSpec.containers } }),
      ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    ],
    [job({ parallelism: -1, completions: 1 }), ['spec.parallelism: Invalid value: -1: must be greater than or equal to 0']],
    [
      job({ completionMode: 'Indexed', completions: null, parallelism: 1 }),
      ['spec.completions: Required value: when completion mode is Indexed'],
    ],
    [job({ backoffLimitPerIndex: 1 }), ['spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode']],
    [
      job({
        podFailurePolicy: { rules: [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [2, 1, 0], containerName: 'x' } }] },
      }),
      [
        'spec.podFailurePolicy.rules[0].action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set',
        'spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: "x": must be one of the container or initContainer names in the pod template',
        'spec.podFailurePolicy.rules[0].onExitCodes.values[2]: Invalid value: 0: must not be 0 for the In operator',
        'spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [2,1,0]: must be ordered',
      ],
    ],
    [
      job({ podFailurePolicy: { rules: [{ action: 'Ignore' }] } }),
      ['spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required'],
    ],
    [
      job({ completionMode: 'Indexed', completions: 3, successPolicy: { rules: [{ succeededIndexes: '0,5' }] } }),
      ['spec.successPolicy.rules[0].succeededIndexes: Invalid value: "0,5": error parsing succeededIndexes: too large index: "5"'],
    ],
    [job({ managedBy: 'me' }), ['spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")']],
    [
      job({}, { metadata: { labels: { 'job-name': 'other' } } }),
      [
        `spec.template.metadata.labels[job-name]: Invalid value: {"controller-uid":"u","batch.kubernetes.io/controller-uid":"u","job-name":"other","batch.kubernetes.io/job-name":"n"}: must be 'n'`,
      ],
    ],
  ])('finds about the Job %j: %j', (object, expected) => {
    const clean = JSON.parse(JSON.stringify(object), (_, value) => (value === null ? undefined : value)) as Loose;
    expect(created(api.jobs as ResourceDefinition, clean)).toEqual(expected);
  });

  it('keeps what a Job is', () => {
    const selecting = { manualSelector: true, selector: { matchLabels: { a: 'b' } } };
    const own = (spec: object, template: object = {}) => job({ ...selecting, ...spec }, { metadata: { labels: { a: 'b' } }, ...template });
    const old = own({ completions: 2, parallelism: 2 });
    expect(updated(api.jobs as ResourceDefinition, own({ completions: 3, parallelism: 2 }), old)).toEqual([
      'spec.completions: Invalid value: 3: field is immutable',
    ]);
    const other = own({ completions: 2, parallelism: 2 }, { spec: { ...podSpec, nodeSelector: { a: 'b' } } });
    expect(updated(api.jobs as ResourceDefinition, other, old)).toEqual([expect.stringMatching(/^spec\.template: .*field is immutable$/)]);
    const waiting = own({ completions: 2, parallelism: 2, suspend: true });
    expect(updated(api.jobs as ResourceDefinition, other, waiting)).toEqual([]);
    const startTime = '2026-01-01T00:00:00Z';
    const stopped = { ...waiting, status: { startTime, conditions: [{ type: 'Suspended', status: 'True' }] } };
    expect(updated(api.jobs as ResourceDefinition, other, stopped)).toEqual([]);
    const busy = { ...waiting, status: { active: 1 } };
    expect(updated(api.jobs as ResourceDefinition, other, busy)).toEqual([expect.stringMatching(/^spec\.template: .*field is immutable$/)]);
    const otherImage = own({ completions: 2, parallelism: 2 }, { spec: { ...podSpec, hostname: 'x' } });
    expect(updated(api.jobs as ResourceDefinition, otherImage, waiting)).toEqual([
      expect.stringMatching(/^spec\.template\.spec: .*field is immutable$/),
    ]);
  });

  it.each<[Loose, string[]]>([
    [cronJob({}), []],
    [cronJob({ schedule: '' }), ['spec.schedule: Required value']],
    [cronJob({ schedule: '@daily' }), []],
    [cronJob({ schedule: '*/5 0-12 1,15 JAN-mar mon' }), []],
    [cronJob({ schedule: 'x' }), ['spec.schedule: Invalid value: "x": expected exactly 5 fields, found 1: [x]']],
    [cronJob({ schedule: '60 * * * *' }), ['spec.schedule: Invalid value: "60 * * * *": end of range (60) above maximum (59): 60']],
    [
      cronJob({ schedule: '5-1 * * * *' }),
      ['spec.schedule: Invalid value: "5-1 * * * *": beginning of range (5) beyond end of range (1): 5-1'],
    ],
    [cronJob({ schedule: '*/0 * * * *' }), ['spec.schedule: Invalid value: "*/0 * * * *": step of range should be a positive number: */0']],
    [
      cronJob({ schedule: 'TZ=UTC * * * * *' }),
      ['spec.schedule: Invalid value: "TZ=UTC * * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead'],
    ],
    [cronJob({ timeZone: 'Mars/Base' }), ['spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base']],
    [cronJob({ timeZone: 'Europe/Berlin' }), []],
    [
      cronJob({ concurrencyPolicy: 'X' }),
      ['spec.concurrencyPolicy: Unsupported value: "X": supported values: "Allow", "Forbid", "Replace"'],
    ],
    [cronJob({}, 'x'.repeat(53)), [`metadata.name: Invalid value: "${'x'.repeat(53)}": must be no more than 52 characters`]],
  ])('finds about the CronJob %j: %j', (object, expected) => expect(created(api.cronJobs as ResourceDefinition, object)).toEqual(expected));
});

describe('validation of networking', () => {
  const ingress = (spec: object) => ({ metadata, spec });
  const backend = { service: { name: 'a', port: { number: 80 } } };
  it.each<[Loose, string[]]>([
    [ingress({ defaultBackend: backend }), []],
    [ingress({}), ['spec: Invalid value: null: either `defaultBackend` or `rules` must be specified']],
    [ingress({ defaultBackend: {} }), ['spec.defaultBackend: Invalid value: "": resource or service backend is required']],
    [
      ingress({ defaultBackend: { service: { name: 'a', port: { name: 'x', number: 1 } } } }),
      ['spec.defaultBackend: Invalid value: "": cannot set both port name & port number'],
    ],
    [
      ingress({ rules: [{ host: '1.2.3.4', http: { paths: [{ path: 'x//', pathType: 'Prefix', backend }, { backend }] } }] }),
      [
        'spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
        'spec.rules[0].http.paths[0].path: Invalid value: "x//": must be an absolute path',
        'spec.rules[0].http.paths[0].path: Invalid value: "x//": must not contain \'//\'',
        'spec.rules[0].http.paths[1].pathType: Required value: pathType must be specified',
      ],
    ],
    [
      ingress({ defaultBackend: backend, tls: [{ hosts: ['A'], secretName: 'B' }], ingressClassName: 'C' }),
      [
        `spec.tls[0].hosts[0]: Invalid value: "A": ${SUBDOMAIN}`,
        `spec.tls[0].secretName: Invalid value: "B": ${SUBDOMAIN}`,
        `spec.ingressClassName: Invalid value: "C": ${SUBDOMAIN}`,
      ],
    ],
  ])('finds about the Ingress %j: %j', (object, expected) =>
    expect(created(api.ingresses as ResourceDefinition, object)).toEqual(expected),
  );

  it('knows IngressClasses, and keeps their controller', () => {
    const parameters = { kind: 'K', name: 'n', scope: 'Namespace' };
    expect(created(api.ingressClasses as ResourceDefinition, ingress({ controller: 'x', parameters }))).toEqual([
      'spec.controller: Invalid value: "x": must be a domain-prefixed path (such as "acme.io/foo")',
      "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'",
    ]);
    const of = (controller: string) => ingress({ controller });
    expect(updated(api.ingressClasses as ResourceDefinition, of(''), of('a.io/x'))).toEqual([
      'spec.controller: Invalid value: "": field is immutable',
      'spec.controller: Required value',
    ]);
    expect(updated(api.ingressClasses as ResourceDefinition, of('b.io/x'), of('a.io/x'))).toEqual([
      'spec.controller: Invalid value: "b.io/x": field is immutable',
    ]);
  });

  it.each<[object, string[]]>([
    [{ ingress: [{ from: [{}] }] }, ['spec.ingress[0].from[0]: Required value: must specify a peer']],
    [
      { egress: [{ to: [{ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/8', '11.0.0.0/16'] } }] }] },
      [
        'spec.egress[0].to[0].ipBlock.except[0]: Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`',
        'spec.egress[0].to[0].ipBlock.except[1]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`',
        'spec.egress[0].to[0]: Forbidden: may not specify both ipBlock and another peer',
      ],
    ],
    [
      { ingress: [{ ports: [{ port: 80, endPort: 79 }, { endPort: 1 }, { port: 'x', endPort: 1, protocol: 'ICMP' }] }] },
      [
        'spec.ingress[0].ports[0].endPort: Invalid value: 80: must be greater than or equal to `port`',
        'spec.ingress[0].ports[1].endPort: Invalid value: 1: may not be specified when `port` is not specified',
        'spec.ingress[0].ports[2].protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"',
        'spec.ingress[0].ports[2].endPort: Invalid value: 1: may not be specified when `port` is non-numeric',
      ],
    ],
    [{ policyTypes: ['X'] }, ['spec.policyTypes[0]: Unsupported value: "X": supported values: "Ingress", "Egress"']],
  ])('finds about the NetworkPolicy %j: %j', (spec, expected) => {
    expect(created(api.networkPolicies as ResourceDefinition, ingress({ podSelector: {}, ...spec }))).toEqual(expected);
  });

  it('wants ranges of Services canonical, one a family', () => {
    expect(created(api.serviceCIDRs as ResourceDefinition, ingress({ cidrs: [] }))).toEqual([
      'spec.cidrs: Required value: at least one CIDR required',
    ]);
    expect(created(api.serviceCIDRs as ResourceDefinition, ingress({ cidrs: ['10.0.0.1/16'] }))).toEqual([
      'spec.cidrs[0]: Invalid value: "10.0.0.1/16": must not have bits set beyond the prefix length',
    ]);
  });

  it('lets a range of Service addresses get its other family, and nothing else', () => {
    const changed = (to: string[], from: string[]) =>
      updated(api.serviceCIDRs as ResourceDefinition, ingress({ cidrs: to }), ingress({ cidrs: from }));
    const [first, other, second] = ['10.0.0.0/16', '10.1.0.0/16', 'fd00::/112'] as const;
    expect(changed([first, second], [first])).toEqual([]);
    expect(changed(['10.0.0.1/16'], ['10.0.0.1/16'])).toEqual([]);
    expect(changed([other], [first])).toEqual(['spec.cidrs[0]: Invalid value: "10.1.0.0/16": field is immutable']);
    expect(changed([other, second], [first])).toEqual(['spec.cidrs[0]: Invalid value: "10.1.0.0/16": field is immutable']);
    expect(changed([first, other], [first])).toEqual([
      'spec.cidrs: Invalid value: ["10.0.0.0/16","10.1.0.0/16"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
    ]);
    expect(changed([first], [first, second])).toEqual(['spec.cidrs: Invalid value: ["10.0.0.0/16"]: field is immutable']);
    expect(changed([], [first])).toEqual(['spec.cidrs: Invalid value: []: field is immutable']);
  });

  it('keeps whom an IPAddress belongs to', () => {
    const address = (name: string) => ({
      metadata: { name: '10.0.0.1' },
      spec: { parentRef: { resource: 'services', namespace: 'a', name } },
    });
    expect(updated(api.ipAddresses as ResourceDefinition, address('b'), address('b'))).toEqual([]);
    expect(updated(api.ipAddresses as ResourceDefinition, address('c'), address('b'))).toEqual([
      'spec.parentRef: Invalid value: {"Group":"","Resource":"services","Namespace":"a","Name":"c"}: field is immutable',
    ]);
  });
});

describe('validation of policies and autoscalers', () => {
  it('wants one bound of a PodDisruptionBudget', () => {
    const budget = (spec: object) => created(api.podDisruptionBudgets as ResourceDefinition, { metadata, ...{ spec } });
    expect(budget({ minAvailable: '101%' })).toEqual(['spec.minAvailable: Invalid value: "101%": must not be greater than 100%']);
    expect(budget({ minAvailable: 1, maxUnavailable: 1 })).toEqual([
      'spec: Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":1,"UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set',
    ]);
    expect(budget({ unhealthyPodEvictionPolicy: 'X' })).toEqual([
      'spec.unhealthyPodEvictionPolicy: Unsupported value: "X": supported values: "AlwaysAllow", "IfHealthyBudget"',
    ]);
  });

  const target = { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' };
  it.each<[object, string[]]>([
    [{ scaleTargetRef: target, maxReplicas: 1 }, []],
    [
      { minReplicas: 0, maxReplicas: 0 },
      [
        'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1',
        'spec.maxReplicas: Required value: must be set and greater than 0',
        'spec.scaleTargetRef.kind: Required value',
        'spec.scaleTargetRef.name: Required value',
        'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group',
        'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas',
      ],
    ],
    [
      {
        scaleTargetRef: target,
        maxReplicas: 2,
        metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } }],
      },
      ['spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization'],
    ],
    [
      {
        scaleTargetRef: target,
        maxReplicas: 2,
        metrics: [{ type: 'Pods', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 0 } } }],
      },
      [
        'spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0',
        'spec.metrics[0].pods: Required value: must populate information for the given metric source',
      ],
    ],
    [
      {
        scaleTargetRef: target,
        maxReplicas: 2,
        behavior: {
          scaleUp: { stabilizationWindowSeconds: 3601, selectPolicy: 'X', policies: [{ type: 'Pods', value: 0, periodSeconds: 1801 }] },
        },
      },
      [
        'spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600',
        'spec.behavior.scaleUp.selectPolicy: Unsupported value: "X": supported values: "Disabled", "Max", "Min"',
        'spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero',
        'spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800',
      ],
    ],
  ])('finds about the autoscaler %j: %j', (spec, expected) => {
    expect(created(api.horizontalPodAutoscalers as ResourceDefinition, { metadata, ...{ spec } })).toEqual(expected);
  });
});

const kindOf = (plural: string) => api.registry.all.find((d) => d.plural === plural) as ResourceDefinition;
const storage = (spec: object) => ({ metadata, spec });
const hostVolume = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/data' } };

describe('validation of storage, quotas and nodes', () => {
  it.each<[string, Loose, string[]]>([
    ['persistentvolumes', storage(hostVolume), []],
    [
      'persistentvolumes',
      storage({}),
      [
        'spec.accessModes: Required value',
        'spec.capacity: Required value',
        'spec.capacity: Unsupported value: null: supported values: "storage"',
        'spec: Required value: must specify a volume type',
      ],
    ],
    [
      'persistentvolumes',
      storage({ ...hostVolume, hostPath: { path: '//.' }, nfs: { server: 's', path: '/' }, persistentVolumeReclaimPolicy: 'Recycle' }),
      [
        'spec.nfs: Forbidden: may not specify more than 1 volume type',
        "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
      ],
    ],
    [
      'persistentvolumes',
      storage({ ...hostVolume, hostPath: undefined, local: { path: '/a/../b' } }),
      [
        'spec.local.path: Invalid value: "/a/../b": must not contain \'..\'',
        'spec.nodeAffinity: Required value: Local volume requires node affinity',
      ],
    ],
    [
      'persistentvolumes',
      storage({ ...hostVolume, hostPath: undefined, csi: { driver: 'd', nodePublishSecretRef: {} }, volumeAttributesClassName: '' }),
      [
        'spec.csi.volumeHandle: Required value',
        'spec.csi.nodePublishSecretRef.name: Required value',
        'spec.csi.nodePublishSecretRef.namespace: Required value',
        'spec.volumeAttributesClassName: Required value: an empty string is disallowed',
      ],
    ],
    [
      'persistentvolumeclaims',
      storage({ accessModes: ['X'], resources: { requests: { storage: '0' } } }),
      [
        'spec.accessModes: Unsupported value: "X": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
        'spec.resources[storage]: Invalid value: "0": must be greater than zero',
      ],
    ],
    [
      'storageclasses',
      { metadata, ...{ reclaimPolicy: 'Recycle', allowedTopologies: [{ matchLabelExpressions: [{ key: 'z', values: ['a', 'a'] }] }] } },
      [
        'provisioner: Required value',
        'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"',
        'allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: "a"',
      ],
    ],
    [
      'volumeattributesclasses',
      { metadata, ...{ driverName: 'd.example' } },
      ['parameters: Required value: must contain at least one key/value pair'],
    ],
    [
      'csidrivers',
      storage({ fsGroupPolicy: 'X', tokenRequests: [{ audience: 'a', expirationSeconds: 1 }, { audience: 'a' }] }),
      [
        'spec.fsGroupPolicy: Unsupported value: "X": supported values: "File", "None", "ReadWriteOnceWithFSType"',
        'spec.tokenRequests[0].expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes',
        'spec.tokenRequests[1].audience: Duplicate value: "a"',
      ],
    ],
    ['csinodes', storage({ drivers: [{ name: 'd', nodeID: '' }] }), ['spec.drivers[0].nodeID: Required value']],
    [
      'volumeattachments',
      storage({ nodeName: 'n', source: {} }),
      [
        'spec.attacher: Required value',
        'spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName',
      ],
    ],
    [
      'volumeattachments',
      storage({
        attacher: 'a',
        nodeName: 'n',
        source: { inlineVolumeSpec: { accessModes: ['ReadWriteOnce'], csi: { driver: '', volumeHandle: '' } } },
      }),
      ['spec.source.inlineVolumeSpec.csi.driver: Required value', 'spec.source.inlineVolumeSpec.csi.volumeHandle: Required value'],
    ],
    [
      'volumeattachments',
      storage({
        attacher: 'a',
        nodeName: 'n',
        source: {
          inlineVolumeSpec: {
            capacity: { storage: '1' },
            accessModes: ['X'],
            persistentVolumeReclaimPolicy: 'Delete',
            hostPath: { path: '../a' },
            local: { path: '/a' },
            storageClassName: 's',
            volumeMode: 'Block',
            nodeAffinity: {},
            claimRef: {},
          },
        },
      }),
      [
        'spec.source.inlineVolumeSpec.claimRef: Forbidden: may not be specified in the context of inline volumes',
        'spec.source.inlineVolumeSpec.capacity: Forbidden: may not be specified in the context of inline volumes',
        'spec.source.inlineVolumeSpec.csi: Required value: has to be specified in the context of inline volumes',
        'spec.source.inlineVolumeSpec.accessModes: Unsupported value: "X": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
        'spec.source.inlineVolumeSpec.persistentVolumeReclaimPolicy: Forbidden: may only be Retain in the context of inline volumes',
        'spec.source.inlineVolumeSpec.nodeAffinity: Forbidden: may not be specified in the context of inline volumes',
        `spec.source.inlineVolumeSpec.hostPath.path: Invalid value: "../a": must not contain '..'`,
        'spec.source.inlineVolumeSpec.local: Forbidden: may not specify more than 1 volume type',
        'spec.source.inlineVolumeSpec.storageClassName: Forbidden: may not be specified in the context of inline volumes',
        'spec.source.inlineVolumeSpec.volumeMode: Forbidden: may not specify volumeMode other than Filesystem in the context of inline volumes',
      ],
    ],
    [
      'limitranges',
      storage({ limits: [{ type: 'Pod', min: { cpu: '2' }, max: { cpu: '1' }, default: { cpu: '1' } }, { type: 'Pod' }, { type: 'X' }] }),
      [
        "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
        'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
        'spec.limits[1].type: Duplicate value: "Pod"',
        'spec.limits[2].type: Invalid value: "X": must be a standard limit type or fully qualified',
      ],
    ],
    [
      'resourcequotas',
      storage({ hard: { 'requests.cpu': '1', storage: '1' }, scopes: ['BestEffort', 'NotBestEffort', 'X'] }),
      [
        'spec.hard[storage]: Invalid value: "storage": must be a standard resource for quota',
        'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","X"]: unsupported scope applied to resource',
        'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","X"]: unsupported scope',
        'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","X"]: conflicting scopes',
      ],
    ],
    [
      'nodes',
      {
        metadata,
        spec: { podCIDRs: ['10.0.0.0/24', '10.0.1.0/24'], taints: [{ key: 'a' }] },
        status: { capacity: { pods: '1.5' } },
      } as Loose,
      [
        'metadata.taints[0].effect: Required value',
        'status.capacity.pods: Invalid value: "1.5": must be an integer',
        'status.allocatable.pods: Invalid value: "1.5": must be an integer',
        'spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.0.1.0/24"]: may specify no more than one CIDR for each IP family',
      ],
    ],
    [
      'replicationcontrollers',
      storage({ replicas: -1 }),
      [
        'spec.selector: Required value',
        'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
        'spec.template: Required value',
      ],
    ],
    [
      'controllerrevisions',
      { metadata, ...{ revision: -1 } },
      ['revision: Invalid value: -1: must be greater than or equal to 0', 'data: Required value: data is mandatory'],
    ],
    ['controllerrevisions', { metadata, ...{ data: [1], revision: 1 } }, ['data: Required value: data must be a valid JSON object']],
    [
      'nodes',
      { metadata, ...{ status: { declaredFeatures: ['B', 'A', 'A', 'x'] } } },
      [
        'status.declaredFeatures[1]: Invalid value: "A": list must be sorted alphabetically',
        'status.declaredFeatures[2]: Duplicate value: "A"',
        expect.stringMatching(
          /^status\.declaredFeatures\[3\]: Invalid value: "x": invalid feature name "x": must start with an UpperCamelCase/,
        ),
      ],
    ],
    [
      'endpointslices',
      {
        metadata,
        ...{
          addressType: 'IPv4',
          endpoints: [{ addresses: ['127.0.0.1', 'fd00::1'] }],
          ports: [{ name: 'a' }, { name: 'a', protocol: 'X' }],
        },
      },
      [
        'ports[1].name: Duplicate value: "a"',
        'ports[1].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"',
        'endpoints[0].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
        'endpoints[0].addresses: Invalid value: "fd00::1": must be an IPv4 address',
      ],
    ],
    [
      'endpointslices',
      {
        metadata,
        ...{
          addressType: 'IPv6',
          endpoints: [{ addresses: ['FD00::1'], hints: { forZones: [{ name: 'a/b' }, { name: 'z' }, { name: 'z' }] } }],
          ports: [{ name: 'a', protocol: '', port: 0 }],
        },
      },
      [
        'ports[0].protocol: Unsupported value: "": supported values: "SCTP", "TCP", "UDP"',
        'endpoints[0].addresses[0]: Invalid value: "FD00::1": must be in canonical form ("fd00::1")',
        expect.stringMatching(/^endpoints\[0\]\.hints\.forZones\[0\]\.name: Invalid value: "a\/b": a valid label must be/),
        'endpoints[0].hints.forZones[2].name: Duplicate value: "z"',
      ],
    ],
    ['endpointslices', { metadata, ...{ addressType: 'IPv4', endpoints: null, ports: null } }, []],
    [
      'endpoints',
      { metadata, ...{ subsets: [{ addresses: [{ ip: 'x' }] }] } },
      [
        'subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        'subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address',
      ],
    ],
    [
      'persistentvolumes',
      storage({ ...hostVolume, capacity: { storage: '-1' }, volumeMode: '' }),
      [
        'spec.capacity[storage]: Invalid value: -1: must be a valid resource quantity',
        'spec.capacity[storage]: Invalid value: "-1": must be greater than zero',
        'spec.volumeMode: Unsupported value: "": supported values: "Block", "Filesystem"',
      ],
    ],
    [
      'storageclasses',
      { metadata, ...{ provisioner: 'p', reclaimPolicy: '', volumeBindingMode: '' } },
      ['volumeBindingMode: Unsupported value: "": supported values: "Immediate", "WaitForFirstConsumer"'],
    ],
    [
      'servicecidrs',
      storage({ cidrs: ['10.1.0.0/16', '10.2.0.0/16'] }),
      [
        'spec.cidrs: Invalid value: ["10.1.0.0/16","10.2.0.0/16"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
      ],
    ],
    [
      'ipaddresses',
      storage({ parentRef: { group: '-', resource: 'a/b', name: '', namespace: 'UPPER' } }),
      [
        expect.stringMatching(/^spec\.parentRef\.group: Invalid value: "-": a lowercase RFC 1123 subdomain/),
        'spec.parentRef.resource: Invalid value: "a/b": may not contain \'/\'',
        'spec.parentRef.name: Required value',
      ],
    ],
    [
      'secrets',
      { metadata, ...{ type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': 'eA==' } } },
      ['data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": invalid character \'x\' looking for beginning of value'],
    ],
    [
      'secrets',
      { metadata, ...{ type: 'kubernetes.io/ssh-auth', data: { 'ssh-privatekey': '' } } },
      ['data[ssh-privatekey]: Required value'],
    ],
    [
      'namespaces',
      storage({ finalizers: ['kubernetes', 'mine'] }),
      ['spec.finalizers: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified'],
    ],
  ])('finds in %s %j: %j', (kind, object, expected) => {
    expect(created(kindOf(kind), object)).toEqual(expected);
  });

  it('keeps what may not change', () => {
    const change = (kind: string, object: object, old: object) => updated(kindOf(kind), { metadata, ...object }, { metadata, ...old });
    expect(change('storageclasses', { provisioner: 'a', parameters: { a: 'b' } }, { provisioner: 'b' })).toEqual([
      'parameters: Invalid value: {"a":"b"}: field is immutable',
      'provisioner: Invalid value: "a": field is immutable',
    ]);
    expect(change('persistentvolumes', storage({ ...hostVolume, hostPath: { path: '/other' } }), storage(hostVolume))).toEqual([
      'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n' +
        '@@ -1,6 +1,6 @@\n {\n  "hostPath": {\n-  "path": "/data",\n+  "path": "/other",\n   "type": ""\n  }\n }\n',
    ]);
    expect(change('nodes', { spec: { podCIDRs: [], providerID: 'b' } }, { spec: { podCIDRs: ['10.0.0.0/24'], providerID: 'a' } })).toEqual([
      'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
      'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
    ]);
    const claim = (volumeAttributesClassName?: string) => ({
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1' } },
        ...(volumeAttributesClassName !== undefined && { volumeAttributesClassName }),
      },
      status: { phase: 'Bound', currentVolumeAttributesClassName: 'gold' },
    });
    const took = (what: string) =>
      `spec.volumeAttributesClassName: Forbidden: update to ${what} is forbidden when status.currentVolumeAttributesClassName is not nil`;
    expect(change('persistentvolumeclaims', claim(), claim('gold'))).toEqual([took('nil')]);
    expect(change('persistentvolumeclaims', claim(''), claim('gold'))).toEqual([took('empty string')]);
    expect(change('persistentvolumeclaims', claim('silver'), claim('gold'))).toEqual([]);
    expect(change('nodes', { spec: { externalID: 'b' } }, { spec: { externalID: 'a' } })).toEqual([
      'spec.externalID: Forbidden: may not be updated',
    ]);
    expect(change('runtimeclasses', { handler: 'b' }, { handler: 'a' })).toEqual(['handler: Invalid value: "b": field is immutable']);
  });
});

it('frozen data is told of before what is wrong with it', () => {
  const frozen = { metadata, immutable: true, data: { a: 'YQ==' } };
  const paths = (definition: ResourceDefinition, object: Loose) => updated(definition, object, frozen).map((line) => line.split(':')[0]);
  expect(paths(api.configMaps as ResourceDefinition, { ...frozen, data: { 'b!': 'x' } } as Loose)).toEqual(['data', 'data[b!]']);
  const secret = { ...frozen, type: 'x', data: { 'b!': 'YQ==' } };
  expect(paths(api.secrets as ResourceDefinition, secret as Loose)).toEqual(['type', 'data', 'data[b!]']);
});

describe('an EndpointSlice', () => {
  it.each([
    ['', 'Required value'],
    ['x', 'Invalid value: "x": should be a domain with at least two segments separated by dots'],
    ['x.', 'Invalid value: "x": should be a domain with at least two segments separated by dots'],
    ['a.b.', undefined],
  ])('of names holds full ones: %j', (address, finding) => {
    const slice = { metadata, addressType: 'FQDN', endpoints: [{ addresses: [address] }], ports: [] };
    expect(created(api.endpointSlices as ResourceDefinition, slice)).toEqual(finding ? [`endpoints[0].addresses[0]: ${finding}`] : []);
  });

  it('has no topology, which only an older version could write', () => {
    const slice = () => ({ addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'], deprecatedTopology: { a: 'b' } }] });
    const { prepareForCreate, prepareForUpdate } = api.endpointSlices.hooks;
    const [made, changed] = [slice(), slice()];
    prepareForCreate?.(made, context);
    prepareForUpdate?.(changed, made, context);
    expect([made, changed].map(({ endpoints: [endpoint] }) => endpoint)).toEqual([
      { addresses: ['10.0.0.1'] },
      { addresses: ['10.0.0.1'] },
    ]);
  });
});

it('all that is wrong with the drivers of a node is found at once', () => {
  const node = (...drivers: object[]) => ({ metadata, spec: { drivers } }) as Loose;
  const changed = node({ name: 'a.b', nodeID: 'y' }, { name: 'c.d' });
  expect(updated(api.csiNodes as ResourceDefinition, changed, node({ name: 'a.b', nodeID: 'x' }))).toEqual([
    'spec.drivers: Invalid value: {"name":"a.b","nodeID":"y"}: field is immutable',
  ]);
  expect(created(api.csiNodes as ResourceDefinition, changed)).toEqual(['spec.drivers[1].nodeID: Required value']);
  expect(api.csiNodes.hooks.checksRequired).toBe(true);
});

it('names of load balancers and hosts are no addresses, however these are written', () => {
  const balancer = (hostname: string) => ({
    metadata,
    spec: { type: 'LoadBalancer' },
    status: { loadBalancer: { ingress: [{ hostname }] } },
  });
  const findings = (hostname: string) => lines(api.services.hooks.validateStatus?.(balancer(hostname), balancer(hostname)));
  expect(findings('a.b')).toEqual([]);
  expect(findings('01.2.3.4')).toEqual([
    'status.loadBalancer.ingress[0].hostname: Invalid value: "01.2.3.4": must be a DNS name, not an IP address',
  ]);
});

describe('a PersistentVolume', () => {
  const volume = (source: object, more: object = {}) => ({
    metadata: { name: 'v' },
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, ...source, ...more },
  });
  const definition = api.persistentVolumes as ResourceDefinition;
  const hostPath = { hostPath: { path: '/x' } };

  it('names the secrets of its driver by names that secrets can have', () => {
    const secret = { name: 'a/b', namespace: 'n' };
    const csi = { driver: 'd.e', volumeHandle: 'h', controllerPublishSecretRef: secret, nodePublishSecretRef: secret };
    expect(created(definition, volume({ csi })).map((line) => line.split(':')[0])).toEqual([
      'spec.csi.controllerPublishSecretRef.name',
      'spec.csi.nodePublishSecretRef.name',
    ]);
  });

  it.each([
    ['', 'if the endpointnamespace is set, it must be a valid namespace name'],
    ['a.b', 'must not contain dots'],
  ])('has endpoints of Gluster in a namespace: %j', (endpointsNamespace, why) => {
    const glusterfs = { endpoints: 'e', path: '/', endpointsNamespace };
    expect(created(definition, volume({ glusterfs }))).toEqual([
      `spec.glusterfs.endpointsNamespace: Invalid value: ${JSON.stringify(endpointsNamespace)}: ${why}`,
    ]);
  });

  it('gets no second source, be it an empty one', () => {
    expect(updated(definition, volume({ ...hostPath, csi: {} }), volume(hostPath)).at(-1)).toMatch(
      /^spec\.persistentvolumesource: Forbidden/,
    );
  });

  it('lacks an affinity when it is local and has none at all', () => {
    const local = { local: { path: '/x' } };
    expect(created(definition, volume(local))).toEqual(['spec.nodeAffinity: Required value: Local volume requires node affinity']);
    expect(created(definition, volume(local, { nodeAffinity: {} }))).toEqual([
      'spec.nodeAffinity.required: Required value: must specify required node constraints',
    ]);
  });
});

it('the group of the source of a claim is looked at when the claim is new', () => {
  const claim = (apiGroup: string) => ({
    metadata,
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      dataSourceRef: { apiGroup, kind: 'K', name: 'n' },
    },
  });
  const paths = (found: string[]) => found.map((line) => line.split(':')[0]);
  const definition = api.persistentVolumeClaims as ResourceDefinition;
  expect(paths(created(definition, claim('A')))).toEqual(['spec.dataSource.apiGroup', 'spec.dataSourceRef.apiGroup']);
  expect(paths(updated(definition, claim('A'), claim('a')))).toEqual(['spec']);
});

describe('a Node', () => {
  const node = (annotation: string) => ({
    metadata: { name: 'n', annotations: { 'scheduler.alpha.kubernetes.io/preferAvoidPods': annotation } },
  });
  it.each([
    [
      'x',
      'metadata.annotations.AvoidPods: Invalid value: "scheduler.alpha.kubernetes.io/preferAvoidPods": invalid character \'x\' looking for beginning of value',
    ],
    [
      '{"preferAvoidPods":[{"podSignature":{}}]}',
      'metadata.annotations.scheduler.alpha.kubernetes.io/preferAvoidPods[0].PodSignature: Required value',
    ],
    ['{"preferAvoidPods":[{"podSignature":{"podController":{"controller":true}}}]}', undefined],
    ['{}', undefined],
  ])('avoids pods that can be read: %s', (annotation, finding) => {
    const definition = api.nodes as ResourceDefinition;
    expect(created(definition, node(annotation))).toEqual(finding ? [finding] : []);
    expect(lines(api.nodes.hooks.validateStatus?.(node(annotation), node('{}')))).toEqual(finding ? [finding] : []);
  });

  it('has ranges that can be read, when there are several', () => {
    const found = created(api.nodes as ResourceDefinition, { metadata: { name: 'n' }, ...{ spec: { podCIDRs: ['10.0.0.0/24', 'x'] } } });
    expect(found).toContain(
      'spec.podCIDRs: Internal error: invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR[1]: <nil> (invalid CIDR address: x)',
    );
  });
});

it('endpoints that are as they were are not looked at again', () => {
  const slice = (addressType: string) => ({ metadata, addressType, endpoints: [{ addresses: ['a.b'] }], ports: [] });
  expect(updated(api.endpointSlices as ResourceDefinition, slice('IPv4'), slice('FQDN'))).toEqual([
    'addressType: Invalid value: "IPv4": field is immutable',
  ]);
});

it('finalizers of a namespace are counted where they change, and not where they begin', () => {
  const namespace = { metadata: { name: 'n' }, spec: { finalizers: ['a.b/c', 'mine'] } };
  const definition = api.namespaces as ResourceDefinition;
  expect(created(definition, namespace).map((line) => line.split(':')[0])).toEqual(['spec.finalizers']);
  expect(updated(definition, namespace, namespace).map((line) => line.split(':')[0])).toEqual(['spec.finalizers[1]']);
});

it('a Job without a number of failed indexes has no wrong one', () => {
  const failing = job({ completionMode: 'Indexed', completions: -1, parallelism: 1 });
  expect(created(api.jobs as ResourceDefinition, failing).filter((line) => line.includes('maxFailedIndexes'))).toEqual([]);
});
