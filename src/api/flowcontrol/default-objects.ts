import type { KubeObject } from '../meta/object.ts';
import type {
  FlowcontrolV1Subject,
  FlowSchema,
  PolicyRulesWithSubjects,
  PriorityLevelConfiguration,
  ResourcePolicyRule,
} from '../schema/generated/types.ts';

/** Kubernetes' default FlowSchemas and PriorityLevelConfigurations (API Priority and Fairness, "Defaults"). */

/** These are kept as they are here, whatever anybody makes of them. */
export const MANDATORY_FLOW_CONTROL: ReadonlySet<string> = new Set(['exempt', 'catch-all']);

const API_VERSION = 'flowcontrol.apiserver.k8s.io/v1';
const meta = (name: string) => ({ name, annotations: { 'apf.kubernetes.io/autoupdate-spec': 'true' } });

/** name: shares, lendable percent, queues, hand size. Queues are 50 long. */
const LEVELS: Readonly<Record<string, readonly [shares: number, lendable: number, queues: number, hand: number]>> = {
  system: [30, 33, 64, 6],
  'node-high': [40, 25, 64, 6],
  'leader-election': [10, 0, 16, 4],
  'workload-high': [40, 50, 128, 6],
  'workload-low': [100, 90, 128, 6],
  'global-default': [20, 50, 128, 6],
};
const QUEUE_LENGTH = 50;

const level = (name: string, spec: PriorityLevelConfiguration['spec']): PriorityLevelConfiguration => ({
  apiVersion: API_VERSION,
  kind: 'PriorityLevelConfiguration',
  metadata: meta(name),
  spec,
});

export function defaultPriorityLevels(): PriorityLevelConfiguration[] {
  const queued = Object.entries(LEVELS).map(([name, [nominalConcurrencyShares, lendablePercent, queues, handSize]]) =>
    level(name, {
      type: 'Limited',
      limited: {
        nominalConcurrencyShares,
        lendablePercent,
        limitResponse: { type: 'Queue', queuing: { queues, handSize, queueLengthLimit: QUEUE_LENGTH } },
      },
    }),
  );
  return [
    level('exempt', { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } }),
    level('catch-all', {
      type: 'Limited',
      limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: 'Reject' } },
    }),
    ...queued,
  ];
}

const group = (name: string): FlowcontrolV1Subject => ({ kind: 'Group', group: { name } });
const user = (name: string): FlowcontrolV1Subject => ({ kind: 'User', user: { name } });
const account = (name: string): FlowcontrolV1Subject => ({ kind: 'ServiceAccount', serviceAccount: { name, namespace: 'kube-system' } });
const everybody = [group('system:unauthenticated'), group('system:authenticated')];

const everything = (subjects: FlowcontrolV1Subject[]): PolicyRulesWithSubjects => ({
  subjects,
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
});
const resources = (apiGroup: string, names: string[], verbs: string[], namespaces: string[]): ResourcePolicyRule => ({
  apiGroups: [apiGroup],
  resources: names,
  verbs,
  namespaces,
});
const HOLD = ['get', 'create', 'update'];
const leaderRules = (coreNamespace: string) => [
  resources('', ['endpoints', 'configmaps'], HOLD, [coreNamespace]),
  resources('coordination.k8s.io', ['leases'], HOLD, ['*']),
];
const NODE_RULES = [
  { apiGroups: [''], resources: ['nodes', 'nodes/status'], verbs: ['*'], clusterScope: true, namespaces: ['*'] },
  resources('coordination.k8s.io', ['leases'], ['*'], ['*']),
];
const ENDPOINT_RULES = [
  resources('', ['endpoints'], ['get', 'create', 'update'], ['*']),
  resources('discovery.k8s.io', ['endpointslices'], ['get', 'create', 'update'], ['*']),
];
const MANAGER = user('system:kube-controller-manager');
const SCHEDULER = user('system:kube-scheduler');
const probes: PolicyRulesWithSubjects = {
  subjects: everybody,
  nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
};

type Distinguisher = 'ByUser' | 'ByNamespace' | undefined;
const SCHEMAS: readonly (readonly [name: string, level: string, precedence: number, by: Distinguisher, rules: PolicyRulesWithSubjects])[] =
  [
    ['exempt', 'exempt', 1, undefined, everything([group('system:masters')])],
    ['probes', 'exempt', 2, undefined, probes],
    [
      'system-leader-election',
      'leader-election',
      100,
      'ByUser',
      { subjects: [MANAGER, SCHEDULER, account('*')], resourceRules: leaderRules('kube-system') },
    ],
    [
      'endpoint-controller',
      'workload-high',
      150,
      'ByUser',
      { subjects: [MANAGER, account('endpoint-controller'), account('endpointslicemirroring-controller')], resourceRules: ENDPOINT_RULES },
    ],
    ['workload-leader-election', 'leader-election', 200, 'ByUser', { subjects: [account('*')], resourceRules: leaderRules('*') }],
    ['system-node-high', 'node-high', 400, 'ByUser', { subjects: [group('system:nodes')], resourceRules: NODE_RULES }],
    ['system-nodes', 'system', 500, 'ByUser', everything([group('system:nodes')])],
    ['kube-controller-manager', 'workload-high', 800, 'ByNamespace', everything([MANAGER])],
    ['kube-scheduler', 'workload-high', 800, 'ByNamespace', everything([SCHEDULER])],
    ['kube-system-service-accounts', 'workload-high', 900, 'ByNamespace', everything([account('*')])],
    ['service-accounts', 'workload-low', 9000, 'ByUser', everything([group('system:serviceaccounts')])],
    ['global-default', 'global-default', 9900, 'ByUser', everything(everybody)],
    ['catch-all', 'catch-all', 10_000, 'ByUser', everything(everybody)],
  ];

export const flowControlObjects = (): KubeObject[] => [...defaultPriorityLevels(), ...defaultFlowSchemas()];

export const defaultFlowSchemas = (): FlowSchema[] =>
  SCHEMAS.map(
    ([name, levelName, matchingPrecedence, by, rules]): FlowSchema => ({
      apiVersion: API_VERSION,
      kind: 'FlowSchema',
      metadata: meta(name),
      spec: {
        priorityLevelConfiguration: { name: levelName },
        matchingPrecedence,
        ...(by && { distinguisherMethod: { type: by } }),
        rules: [rules],
      },
    }),
  );
