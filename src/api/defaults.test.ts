import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ResourceDefinition } from './define.ts';
import * as api from './index.ts';
import type { KubeObject } from './meta/object.ts';
import { fakeObject } from './schema/fake-object.ts';

function withDefaults<T extends KubeObject>(definition: ResourceDefinition<T>, draft: T): T {
  const copy = structuredClone(draft);
  definition.hooks.defaults?.(copy);
  return copy;
}

describe('defaults', () => {
  const defaulted = api.definitions.filter((d) => d.hooks.defaults);

  it.each(defaulted.map((d) => [`${d.plural}.${d.group}/${d.version}`, d] as const))('of %s are idempotent', (_, definition) => {
    fc.assert(
      fc.property(fakeObject(definition.schema, { complete: false }), (draft) => {
        const once = withDefaults(definition, draft as KubeObject);
        expect(withDefaults(definition, once)).toEqual(once);
      }),
      { numRuns: 40 },
    );
  });

  it('of a Pod are those of upstream', () => {
    const pod = {
      spec: {
        volumes: [{ name: 'a' }, { name: 'c', configMap: { name: 'c' } }, { name: 'h', hostPath: { path: '/' } }],
        containers: [
          {
            name: 'a',
            image: 'nginx',
            ports: [{ containerPort: 80 }],
            resources: { limits: { cpu: '1' } },
            livenessProbe: { httpGet: { port: 80 } },
            env: [{ name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
          },
        ],
      },
    };
    expect(withDefaults(api.pods, pod)).toEqual({
      spec: {
        volumes: [
          { name: 'a', emptyDir: {} },
          { name: 'c', configMap: { name: 'c', defaultMode: 420 } },
          { name: 'h', hostPath: { path: '/', type: '' } },
        ],
        containers: [
          {
            name: 'a',
            image: 'nginx',
            imagePullPolicy: 'Always',
            ports: [{ containerPort: 80, protocol: 'TCP' }],
            resources: { limits: { cpu: '1' }, requests: { cpu: '1' } },
            livenessProbe: {
              httpGet: { port: 80, path: '/', scheme: 'HTTP' },
              timeoutSeconds: 1,
              periodSeconds: 10,
              successThreshold: 1,
              failureThreshold: 3,
            },
            env: [{ name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP', apiVersion: 'v1' } } }],
            terminationMessagePath: '/dev/termination-log',
            terminationMessagePolicy: 'File',
          },
        ],
        dnsPolicy: 'ClusterFirst',
        restartPolicy: 'Always',
        schedulerName: 'default-scheduler',
        terminationGracePeriodSeconds: 30,
        securityContext: {},
        enableServiceLinks: true,
      },
    });
  });

  it('complete what is asked for a pod as a whole from its containers, then from its limits', () => {
    const container = { name: 'a', image: 'i:1', resources: { requests: { cpu: '500m' }, limits: { 'hugepages-2Mi': '4Mi' } } };
    const pod = (resources: object) => withDefaults(api.pods, { spec: { containers: [container], resources } }).spec?.resources;
    expect(pod({ limits: { cpu: '2', memory: '1Gi' } })).toEqual({
      limits: { cpu: '2', memory: '1Gi', 'hugepages-2Mi': '4Mi' },
      requests: { cpu: '500m', memory: '1Gi', 'hugepages-2Mi': '4Mi' },
    });
    expect(pod({ requests: { cpu: '1', 'hugepages-2Mi': '4Mi' } })).toEqual({ requests: { cpu: '1', 'hugepages-2Mi': '4Mi' } });
    expect(pod({})).toEqual({});
  });

  it('of a Deployment are those of upstream, and leave requests in the template alone', () => {
    const template = { spec: { containers: [{ name: 'a', image: 'nginx:1.27', resources: { limits: { cpu: '1' } } }] } };
    const { spec } = withDefaults(api.deployments, { spec: { selector: {}, template } });
    const { template: filled, ...rest } = spec ?? { template: {} };
    expect(rest).toEqual({
      selector: {},
      replicas: 1,
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
    });
    expect(filled.spec).not.toHaveProperty('enableServiceLinks');
    expect(filled.spec?.containers[0]).toMatchObject({ imagePullPolicy: 'IfNotPresent', resources: { limits: { cpu: '1' } } });
    expect(filled.spec?.containers[0]?.resources).not.toHaveProperty('requests');
  });

  it('of a Service are those of upstream', () => {
    expect(withDefaults(api.services, { spec: { ports: [{ port: 80 }] } })).toEqual({
      spec: {
        ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
        type: 'ClusterIP',
        sessionAffinity: 'None',
        internalTrafficPolicy: 'Cluster',
      },
    });
    expect(withDefaults(api.services, { spec: { type: 'LoadBalancer', sessionAffinity: 'ClientIP' } }).spec).toMatchObject({
      externalTrafficPolicy: 'Cluster',
      allocateLoadBalancerNodePorts: true,
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } },
    });
  });

  it('pull images without a tag or with latest always, others if not present', () => {
    const policy = (image: string) =>
      withDefaults(api.pods, { spec: { containers: [{ name: 'a', image }] } }).spec?.containers[0]?.imagePullPolicy;
    expect(['nginx', 'host:5000/nginx', 'nginx:latest'].map(policy)).toEqual(['Always', 'Always', 'Always']);
    expect(['nginx:1', 'host:5000/nginx:1', 'nginx@sha256:ab', 'nginx:latest@sha256:ab'].map(policy)).toEqual(
      Array(4).fill('IfNotPresent'),
    );
  });

  it('merge stringData of a Secret into data', () => {
    const secret = { data: { a: 'b2xk', b: 'YmFy' }, stringData: { a: 'grüße' } };
    expect(withDefaults(api.secrets, secret)).toEqual({ type: 'Opaque', data: { a: 'Z3LDvMOfZQ==', b: 'YmFy' } });
  });
});

describe('preparing a new object', () => {
  const context = { now: '2026-01-01T00:00:00Z', user: { name: 'u', groups: ['g'] }, subresource: '' };

  it('gives a pod its phase and its QoS class', () => {
    const qos = (...resources: object[]) => {
      const pod = { spec: { containers: resources.map((r, i) => ({ name: `c${i}`, image: 'i', resources: r })) } };
      const draft = withDefaults(api.pods, pod);
      api.pods.hooks.prepareForCreate?.(draft, context);
      expect(draft).toHaveProperty('status.phase', 'Pending');
      return (draft as { status?: { qosClass?: string } }).status?.qosClass;
    };
    const full = { limits: { cpu: '1', memory: '1Gi' } };
    expect(qos({})).toBe('BestEffort');
    expect(qos(full)).toBe('Guaranteed');
    expect(qos({ ...full, requests: { cpu: '1000m', memory: '1Gi' } })).toBe('Guaranteed');
    expect(qos(full, {})).toBe('Burstable');
    expect(qos({ requests: { cpu: '1' } })).toBe('Burstable');
    expect(qos({ requests: { 'example.com/gpu': '1' } })).toBe('BestEffort');
  });

  it('gives a namespace its finalizer, its phase and its name as a label', () => {
    const namespace = withDefaults(api.namespaces, { metadata: { name: 'n' } });
    api.namespaces.hooks.prepareForCreate?.(namespace, context);
    expect(namespace).toEqual({
      metadata: { name: 'n', labels: { 'kubernetes.io/metadata.name': 'n' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  });

  it('says in a CSR who asked, whatever the body claims', () => {
    const csr = { spec: { request: '', signerName: 's', username: 'admin', uid: '1', groups: ['system:masters'] } };
    api.certificateSigningRequests.hooks.prepareForCreate?.(csr, context);
    expect(csr.spec).toEqual({ request: '', signerName: 's', username: 'u', groups: ['g'] });
  });
});

describe('preparing an update', () => {
  const context = { now: '2026-01-01T00:00:00Z', user: { name: 'u', groups: [] }, subresource: '' };
  const old = () => ({
    spec: { type: 'NodePort', clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'], ports: [{ port: 80, protocol: 'TCP', nodePort: 30080 }] },
  });

  it('keeps the addresses and node ports that a Service has, when the client leaves them out', () => {
    const draft = { spec: { type: 'NodePort', ports: [{ port: 80, protocol: 'TCP' }] } };
    api.services.hooks.prepareForUpdate?.(draft, old(), context);
    expect(draft).toEqual(old());
  });

  it('drops node ports when the type no longer has any, and addresses when it becomes an ExternalName', () => {
    const inside = { spec: { ...old().spec, type: 'ClusterIP' } };
    api.services.hooks.prepareForUpdate?.(inside, old(), context);
    expect(inside.spec.ports).toEqual([{ port: 80, protocol: 'TCP' }]);
    const external = { spec: { ...old().spec, type: 'ExternalName', externalName: 'a.example' } };
    api.services.hooks.prepareForUpdate?.(external, old(), context);
    expect(external.spec).not.toHaveProperty('clusterIP');
  });

  it('keeps node ports by the names of ports, and none for a load balancer that wants none', () => {
    const named = (name: string, port: number, nodePort?: number) => ({ name, port, ...(nodePort && { nodePort }) });
    const service = (type: string, more: object) => ({ spec: { type, ...more } });
    const prepared = (draft: ReturnType<typeof service>, before: ReturnType<typeof service>) => {
      api.services.hooks.prepareForUpdate?.(draft, before, context);
      return draft.spec;
    };
    const before = { ports: [named('a', 80, 30080), named('b', 81, 30081)] };
    const sent = { ports: [named('b', 80), named('c', 81)] };
    expect(prepared(service('NodePort', sent), service('NodePort', before))).toMatchObject({
      ports: [named('b', 80, 30081), named('c', 81)],
    });
    const without = { allocateLoadBalancerNodePorts: false, ports: [named('a', 80), named('b', 81, 30081)] };
    expect(prepared(service('LoadBalancer', without), service('LoadBalancer', before))).toMatchObject(without);
    const changed = { allocateLoadBalancerNodePorts: true, ports: [named('a', 80, 30080), named('b', 81, 30082)] };
    expect(
      prepared(service('ClusterIP', changed), service('LoadBalancer', { ...before, allocateLoadBalancerNodePorts: false })),
    ).toMatchObject(changed);
  });

  it('drops the policies of a Service that they do not fit, and its balancer', () => {
    const status = { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } };
    const ports = [{ port: 80 }];
    const balanced = { spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Cluster', ports }, status };
    const inside = { spec: { ...balanced.spec, type: 'ClusterIP' }, status };
    api.services.hooks.prepareForUpdate?.(inside, balanced, context);
    expect(inside).toEqual({ spec: { type: 'ClusterIP', ports }, status: { loadBalancer: {} } });
    const reachable = { spec: { type: 'ClusterIP', externalIPs: ['203.0.113.2'], externalTrafficPolicy: 'Cluster', ports } };
    const unreachable = { spec: { type: 'ClusterIP', externalTrafficPolicy: 'Cluster', ports } };
    api.services.hooks.prepareForUpdate?.(unreachable, reachable, context);
    expect(unreachable.spec).toEqual({ type: 'ClusterIP', ports });
    for (const [internalTrafficPolicy, kept] of [['Local'], ['Foo', 'Foo']]) {
      const external = { spec: { type: 'ExternalName', externalName: 'a.example', internalTrafficPolicy } };
      api.services.hooks.prepareForCreate?.(external, context);
      expect(external.spec.internalTrafficPolicy).toBe(kept);
    }
  });

  it('takes decisions on a CSR through approval alone', () => {
    const before = { spec: { request: 'r', signerName: 's' } };
    const approved = { spec: { request: 'other', signerName: 's' }, status: { conditions: [{ type: 'Approved', status: 'True' }] } };
    const throughStatus = { ...context, subresource: 'status' };
    expect(api.certificateSigningRequests.hooks.validateUpdate?.(approved, before, throughStatus)).not.toEqual([]);
    api.certificateSigningRequests.hooks.prepareForUpdate?.(approved, before, { ...context, subresource: 'approval' });
    expect(approved).toMatchObject({
      spec: { request: 'r' },
      status: { conditions: [{ type: 'Approved', lastTransitionTime: context.now }] },
    });
  });
});
