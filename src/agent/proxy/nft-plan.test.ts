import { describe, expect, it } from 'vitest';
import type { EndpointSlice, Service } from '../../api/schema/generated/types.ts';
import { planRuleset } from './nft-plan.ts';
import { planScript } from './ruleset-plan.ts';
import { frontendsOf, type Place } from './service-plan.ts';

const place: Place = { nodeName: 'a', family: 'IPv4' };
const facts = { family: 'IPv4', clusterCidr: '10.42.0.0/16', localPodIps: ['10.42.0.2'] } as const;
const service = (spec: Service['spec']): Service => ({ metadata: { name: 'web', namespace: 'default' }, spec });
const slice = (endpoints: EndpointSlice['endpoints']): EndpointSlice => ({
  metadata: { name: 'web-1', namespace: 'default' },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  endpoints,
});
const web = { clusterIP: '10.43.0.9', clusterIPs: ['10.43.0.9'], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] };
const two = slice([
  { addresses: ['10.42.0.2'], nodeName: 'a', conditions: { ready: true } },
  { addresses: ['10.42.1.2'], nodeName: 'b', conditions: { ready: true } },
]);
const script = (s: Service, slices: EndpointSlice[]) =>
  planScript('ip minik', undefined, planRuleset(frontendsOf(s, slices, place), facts));

describe('the ruleset of a Service', () => {
  it('spreads a cluster address over all ready endpoints', async () => {
    await expect(script(service(web), [two])).toMatchFileSnapshot('golden/cluster-ip.nft');
  });

  it('opens a node port and rewrites the source of what comes from outside', async () => {
    const spec = { ...web, type: 'NodePort', ports: [{ name: 'http', port: 80, protocol: 'TCP', nodePort: 30080 }] };
    await expect(script(service(spec), [two])).toMatchFileSnapshot('golden/node-port.nft');
  });

  it('remembers clients with session affinity', async () => {
    await expect(script(service({ ...web, sessionAffinity: 'ClientIP' }), [two])).toMatchFileSnapshot('golden/affinity.nft');
  });

  it('refuses connections when there is no endpoint', () => {
    const text = script(service({ ...web, type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 30080 }] }), []);
    expect(text).toContain('add element ip minik refused { 10.43.0.9 . tcp . 80 }');
    expect(text).toContain('add element ip minik refused-nodeports { tcp . 30080 }');
    expect(text).not.toContain('svc-');
  });

  it('uses endpoints of this node alone where the traffic policy is Local', () => {
    const [frontend] = frontendsOf(service({ ...web, internalTrafficPolicy: 'Local' }), [two], place);
    expect(frontend?.backends).toEqual([{ ip: '10.42.0.2', port: 8080 }]);
  });

  it('falls back to terminating endpoints that still serve when none is ready', () => {
    const dying = slice([
      { addresses: ['10.42.0.2'], conditions: { ready: false, serving: true, terminating: true } },
      { addresses: ['10.42.0.3'], conditions: { ready: false, serving: false, terminating: true } },
    ]);
    expect(frontendsOf(service(web), [dying], place)[0]?.backends).toEqual([{ ip: '10.42.0.2', port: 8080 }]);
  });

  it('has nothing for headless and ExternalName Services', () => {
    expect(frontendsOf(service({ ...web, clusterIP: 'None', clusterIPs: ['None'] }), [two], place)).toEqual([]);
    expect(frontendsOf(service({ type: 'ExternalName', externalName: 'example.org' }), [two], place)).toEqual([]);
  });
});
