import { describe, expect, it } from 'vitest';
import { compileCel, DYN, namedType } from './index.ts';

const container = (more: object = {}) => ({ name: 'c', image: 'registry.k8s.io/app:v1', ...more });
const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-0', namespace: 'apps', labels: { app: 'web', env: 'prod' }, annotations: { owner: 'team-a@example.com' } },
  spec: {
    containers: [
      container({
        securityContext: { allowPrivilegeEscalation: false, runAsNonRoot: true, capabilities: { drop: ['ALL'] } },
        resources: { limits: { memory: '128Mi', cpu: '500m' }, requests: { memory: '64Mi', cpu: '250m' } },
        ports: [{ containerPort: 8080 }],
        livenessProbe: { httpGet: { path: '/', port: 8080 } },
        readinessProbe: { httpGet: { path: '/', port: 8080 } },
      }),
    ],
    volumes: [{ name: 'v', emptyDir: {} }],
    tolerations: [{ key: 'a', operator: 'Exists' }],
  },
};
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'apps', labels: { env: 'prod' } },
  spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template: { spec: pod.spec } },
};
const bindings = {
  object: pod,
  oldObject: null,
  deployment,
  request: {
    operation: 'CREATE',
    namespace: 'apps',
    userInfo: { username: 'alice', groups: ['system:authenticated', 'dev'] },
    resource: { group: '', version: 'v1', resource: 'pods' },
    dryRun: false,
  },
  params: { maxReplicas: 5, allowed: ['registry.k8s.io/'], data: { max: '3' } },
  namespaceObject: { metadata: { name: 'apps', labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } } },
  self: {
    minReplicas: 1,
    replicas: 2,
    maxReplicas: 3,
    spec: { a: 1, names: ['x', 'y'], ports: [{ name: 'http', port: 80 }], start: '2024-01-01T00:00:00Z', cidr: '10.0.0.0/8' },
    components: { Widget: { priority: 1 } },
    set1: ['a', 'b'],
    set2: ['b', 'c'],
    widgets: [{ key: 'x', foo: 5 }],
    health: 'ok',
    immutable: 'v',
    type: 'A',
    details: { a: 'x' },
  },
  oldSelf: { immutable: 'v', replicas: 2, set1: ['a'] },
};
const variables = Object.fromEntries(Object.keys(bindings).map((name) => [name, DYN]));

/** From kubernetes.io (CRD validation rules, Validating and Mutating Admission Policy, CEL in Kubernetes) and from policies that replace Gatekeeper's. */
const CRD_RULES: readonly (readonly [string, boolean])[] = [
  ['self.minReplicas <= self.replicas && self.replicas <= self.maxReplicas', true],
  ['self.minReplicas <= self.replicas', true],
  ["'Available' in self.details", false],
  ["'x' in self.spec.names", true],
  ['self.set1.all(e, !(e in self.set2))', false],
  ['self.set1.size() == 0 || self.set2.size() == 0 || self.set1.exists(e, e in self.set2)', true],
  ['size(self.set1) == size(self.set2)', true],
  ['has(self.expired) && self.created + self.ttl < self.expired', false],
  ["self.health.startsWith('ok')", true],
  ["self.widgets.exists(w, w.key == 'x' && w.foo < 10)", true],
  ["type(self.type) == string ? self.type == 'A' : self.type == 42", true],
  ["self.details.all(key, key.matches('^[a-zA-Z]*$'))", true],
  ["self.metadata.name == 'singleton' || true", true],
  ['self.immutable == oldSelf.immutable', true],
  ['oldSelf.replicas <= self.replicas', true],
  ['oldSelf.set1.all(e, e in self.set1)', true],
  ["self.components['Widget'].priority < 10", true],
  ['self.spec.names.filter(n, n.startsWith("x")).size() == 1', true],
  ['self.spec.names.map(n, n + "!").join(",") == "x!,y!"', true],
  ['self.spec.names.isSorted() && self.spec.names.size() == self.spec.names.distinct().size()', true],
  ['self.spec.ports.exists_one(p, p.port == 80)', true],
  ['timestamp(self.spec.start).getFullYear() == 2024', true],
  ["cidr(self.spec.cidr).containsIP('10.1.2.3')", true],
  ['!has(self.spec.b) || self.spec.b > 0', true],
  ['self.?spec.b.orValue(5) == 5', true],
  ['[has(self.spec.a), has(self.spec.b)].exists_one(x, x)', true],
  ['(has(self.spec.a) ? 1 : 0) + (has(self.spec.b) ? 1 : 0) <= 1', true],
  ['self.spec.names.all(i, n, i < 5 && n.size() < 10)', true],
];
const POLICIES: readonly (readonly [string, boolean])[] = [
  ['deployment.spec.replicas <= 5', true],
  ['deployment.spec.replicas <= params.maxReplicas', true],
  ["object.metadata.labels.env == 'prod' && deployment.spec.replicas > 1", true],
  ["!(request.userInfo.username in ['bob'])", true],
  ["'dev' in request.userInfo.groups", true],
  ["request.operation == 'CREATE' || oldObject.metadata.name == object.metadata.name", true],
  ["!('system:nodes' in request.userInfo.groups)", true],
  ["request.resource.group != 'rbac.authorization.k8s.io'", true],
  ["!request.userInfo.username.startsWith('system:serviceaccount:kube-system:')", true],
  ['request.dryRun == false', true],
  ["'app' in object.metadata.labels && has(object.metadata.labels.app)", true],
  ["has(object.metadata.annotations) && object.metadata.annotations.exists(k, k == 'owner')", true],
  ["object.metadata.annotations['owner'].matches('^[a-z-]+@example[.]com$')", true],
  ['object.metadata.labels.all(k, k.size() <= 63)', true],
  ["object.metadata.?labels[?'team'].orValue('none') == 'none'", true],
  ["namespaceObject.metadata.labels['pod-security.kubernetes.io/enforce'] == 'baseline'", true],
  [
    'object.spec.containers.all(c, !has(c.securityContext) || !has(c.securityContext.privileged) || c.securityContext.privileged == false)',
    true,
  ],
  ['object.spec.containers.all(c, has(c.securityContext) && has(c.securityContext.runAsNonRoot) && c.securityContext.runAsNonRoot)', true],
  ['object.spec.containers.all(c, c.?securityContext.?allowPrivilegeEscalation.orValue(true) == false)', true],
  ["object.spec.containers.all(c, 'ALL' in c.securityContext.capabilities.drop)", true],
  ['object.spec.containers.all(c, params.allowed.exists(p, c.image.startsWith(p)))', true],
  ["object.spec.containers.all(c, !c.image.endsWith(':latest') && c.image.contains(':'))", true],
  ["object.spec.containers.map(c, c.image).all(i, i.matches('^registry[.]k8s[.]io/.+'))", true],
  ['object.spec.containers.all(c, has(c.resources) && has(c.resources.limits) && has(c.resources.limits.memory))', true],
  ["object.spec.containers.all(c, quantity(c.resources.limits.memory).isLessThan(quantity('1Gi')))", true],
  ['object.spec.containers.all(c, quantity(c.resources.requests.cpu).compareTo(quantity(c.resources.limits.cpu)) <= 0)', true],
  ['object.spec.containers.all(c, has(c.livenessProbe) && has(c.readinessProbe))', true],
  ['!has(object.spec.hostNetwork) || !object.spec.hostNetwork', true],
  ['!(has(object.spec.hostPID) && object.spec.hostPID)', true],
  ['!has(object.spec.volumes) || object.spec.volumes.all(v, !has(v.hostPath))', true],
  ['(object.spec.containers + (has(object.spec.initContainers) ? object.spec.initContainers : [])).all(c, c.name != "")', true],
  ['object.spec.containers.all(c, !has(c.ports) || c.ports.all(p, !has(p.hostPort) || p.hostPort == 0))', true],
  ["object.spec.?tolerations.orValue([]).all(t, t.operator != 'Exists' || t.?key.orValue('') != '')", true],
  ["['sha256:', ':v'].exists(s, object.spec.containers[0].image.contains(s))", true],
  ["object.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')", true],
  ['!format.dns1123Label().validate(object.metadata.name).hasValue()', true],
  ['int(params.data.max) >= size(object.spec.containers)', true],
  ['oldObject == null || object.metadata.namespace == oldObject.metadata.namespace', true],
  ["deployment.spec.template.spec.containers.map(c, c.name) == ['c']", true],
  ['deployment.spec.selector.matchLabels.all(k, v, deployment.spec.selector.matchLabels[k] == v)', true],
  ["has(object.spec.priorityClassName) ? object.spec.priorityClassName in ['high'] : true", true],
  ["object.kind == 'Pod' && object.apiVersion == 'v1'", true],
  ['dyn(object.spec) != null && type(object.spec.containers) == list', true],
];

describe.each([
  ['rules of custom resources', CRD_RULES],
  ['admission policies', POLICIES],
])('%s', (_, expressions) => {
  it.each(expressions)('%s is %s', (expression, expected) => {
    expect(compileCel(expression, { variables, returns: 'bool' }).evaluate(bindings)).toBe(expected);
  });
});

it.each([
  ["'deployment must have at most ' + string(params.maxReplicas) + ' replicas'", 'deployment must have at most 5 replicas'],
  [
    "'object.spec.replicas must be no greater than %d, got %d'.format([params.maxReplicas, deployment.spec.replicas])",
    'object.spec.replicas must be no greater than 5, got 3',
  ],
  ["has(object.metadata.labels) && 'env' in object.metadata.labels ? object.metadata.labels['env'] : 'n/a'", 'prod'],
  ["'[' + object.spec.containers.map(c, c.name).join(', ') + ']'", '[c]'],
])('messages: %s', (expression, expected) => {
  expect(compileCel(expression, { variables }).evaluate(bindings)).toBe(expected);
});

const BINDS = { binds: true, variables: { x: DYN, text: namedType('string') }, sizes: { max: 0, fields: { text: { max: 50 } } } };

it.each([
  ['cel.bind(y, x.a, y + y)', 2n],
  ['cel.bind(y, 1, cel.bind(y, y + 1, y)) + cel.bind(y, 5, y)', 7n],
  ['[1, 2].map(i, cel.bind(j, i * 2, i + j))', [3n, 6n]],
  ['cel.bind(text, "inner", text) + text', 'innerouter'],
])('%s', (expression, expected) => {
  expect(compileCel(expression, BINDS).evaluate({ x: { a: 1 }, text: 'outer' })).toEqual(expected);
});

it('a value that is bound to a name costs once, and is as large as where it comes from', () => {
  const cost = (expression: string) => compileCel(expression, BINDS).estimatedCost;
  expect(cost('cel.bind(y, x.a, true)')).toBe(10 + cost('x.a'));
  expect(cost('cel.bind(y, text, y + y)')).toBe(10 + cost('text') + cost('text + text'));
});

it('there is cel.bind only where it is said that there is, and its name is a name', () => {
  expect(() => compileCel('cel.bind(y, 1, y)', { variables: {} })).toThrow("undeclared reference to 'bind' (in container '')");
  expect(() => compileCel('cel.bind(x.a, 1, x)', BINDS)).toThrow('cel.bind() variable names must be simple identifiers');
});
