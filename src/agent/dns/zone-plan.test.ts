import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EndpointSlice, Service } from '../../api/schema/generated/types.ts';
import { addressOfReverse, answerQuestion, type ZoneView } from './zone-plan.ts';

const services: Service[] = [
  {
    metadata: { name: 'web', namespace: 'default' },
    spec: { clusterIP: '10.43.0.9', clusterIPs: ['10.43.0.9', 'fd00::9'], ports: [{ name: 'http', port: 80 }] },
  },
  { metadata: { name: 'db', namespace: 'default' }, spec: { clusterIP: 'None', ports: [{ name: 'sql', port: 5432 }] } },
  { metadata: { name: 'out', namespace: 'default' }, spec: { type: 'ExternalName', externalName: 'example.org' } },
];
const dbSlice: EndpointSlice = {
  metadata: { name: 'db-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'db' } },
  addressType: 'IPv4',
  ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
  endpoints: [
    { addresses: ['10.42.0.5'], hostname: 'db-0', conditions: { ready: true } },
    { addresses: ['10.42.0.6'], conditions: { ready: true } },
    { addresses: ['10.42.0.7'], conditions: { ready: false } },
  ],
};
const view: ZoneView = {
  domain: 'cluster.local',
  namespaceExists: (n) => n === 'default',
  service: (ns, name) => services.find((s) => s.metadata?.namespace === ns && s.metadata.name === name),
  slices: (_, name) => (name === 'db' ? [dbSlice] : []),
  serviceByIp: (ip) => services.find((s) => s.spec?.clusterIPs?.includes(ip)),
  slicesByIp: (ip) => (dbSlice.endpoints?.some((e) => e.addresses.includes(ip)) ? [dbSlice] : []),
};
const ask = (name: string, type = 'A') => {
  const answer = answerQuestion(view, { name, type });
  return answer.kind === 'records' ? answer.answers.map((r) => r.data) : answer.kind;
};

describe('the cluster zone', () => {
  it('has the cluster addresses of a Service, by family', () => {
    expect(ask('web.default.svc.cluster.local')).toEqual(['10.43.0.9']);
    expect(ask('WEB.default.svc.cluster.local', 'AAAA')).toEqual(['fd00::9']);
    expect(ask('web.default.svc.cluster.local', 'MX')).toEqual([]);
  });

  it('has the ready endpoints of a headless Service, and each under its host name', () => {
    expect(ask('db.default.svc.cluster.local')).toEqual(['10.42.0.5', '10.42.0.6']);
    expect(ask('db-0.db.default.svc.cluster.local')).toEqual(['10.42.0.5']);
    expect(ask('10-42-0-6.db.default.svc.cluster.local')).toEqual(['10.42.0.6']);
    expect(ask('db-9.db.default.svc.cluster.local')).toBe('missing');
  });

  it('has SRV records for named ports', () => {
    expect(ask('_http._tcp.web.default.svc.cluster.local', 'SRV')).toEqual([
      { priority: 0, weight: 100, port: 80, target: 'web.default.svc.cluster.local' },
    ]);
    expect(ask('_sql._tcp.db.default.svc.cluster.local', 'SRV')).toHaveLength(2);
    expect(ask('_none._tcp.web.default.svc.cluster.local', 'SRV')).toBe('missing');
  });

  it('points ExternalName Services elsewhere', () => {
    expect(ask('out.default.svc.cluster.local')).toEqual(['example.org']);
  });

  it('answers pod names with the address that they spell', () => {
    expect(ask('10-42-0-5.default.pod.cluster.local')).toEqual(['10.42.0.5']);
    expect(ask('nonsense.default.pod.cluster.local')).toBe('missing');
  });

  it('answers reverse names of Services and of headless endpoints, and leaves all others to the host', () => {
    expect(ask('9.0.43.10.in-addr.arpa', 'PTR')).toEqual(['web.default.svc.cluster.local']);
    expect(ask('5.0.42.10.in-addr.arpa', 'PTR')).toEqual(['db-0.db.default.svc.cluster.local']);
    expect(ask('1.2.3.4.in-addr.arpa', 'PTR')).toBe('foreign');
    expect(addressOfReverse('9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa')).toBe('fd00::9');
  });

  it('knows which names do not exist and which exist without records', () => {
    expect(ask('nowhere.default.svc.cluster.local')).toBe('missing');
    expect(ask('web.other.svc.cluster.local')).toBe('missing');
    expect(ask('default.svc.cluster.local')).toEqual([]);
    expect(ask('dns-version.cluster.local', 'TXT')).toEqual(['1.1.0']);
    expect(ask('example.org')).toBe('foreign');
  });

  it('never throws on hostile names', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('A', 'AAAA', 'SRV', 'PTR', 'ANY'), (prefix, type) => {
        for (const suffix of ['', '.svc.cluster.local', '.pod.cluster.local', '.in-addr.arpa', '.ip6.arpa'])
          answerQuestion(view, { name: prefix + suffix, type });
      }),
    );
  });
});
