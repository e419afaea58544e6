import dnsPacket, { type Packet, type Question } from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../base/logger.ts';
import { createResponder } from './server.ts';
import type { ZoneView } from './zone-plan.ts';

const many = Array.from({ length: 60 }, (_, i) => ({ addresses: [`10.42.0.${i + 1}`], conditions: { ready: true } }));
const view: ZoneView = {
  domain: 'cluster.local',
  namespaceExists: () => true,
  service: (_, name) => ({
    metadata: { name, namespace: 'default' },
    spec: name === 'many' ? { clusterIP: 'None' } : { clusterIP: '10.43.0.9' },
  }),
  slices: () => [{ addressType: 'IPv4', endpoints: many, metadata: { name: 's' } }],
  serviceByIp: () => undefined,
  slicesByIp: () => [],
};
const respond = createResponder({ view, resolvers: () => [], random: () => 0, log: silentLogger });
const signal = new AbortController().signal;
const query = (question: Question): Buffer =>
  dnsPacket.encode({ id: 7, type: 'query', flags: dnsPacket.RECURSION_DESIRED, questions: [question] });
const ask = async (name: string, protocol: 'udp' | 'tcp' = 'udp'): Promise<Packet & { rcode?: string; flag_tc?: boolean }> =>
  dnsPacket.decode((await respond(query({ name, type: 'A' }), protocol, signal)) ?? Buffer.alloc(0));

describe('the DNS responder', () => {
  it('answers with the question, its id and the records', async () => {
    const answer = await ask('web.default.svc.cluster.local');
    expect(answer).toMatchObject({ id: 7, rcode: 'NOERROR', answers: [{ type: 'A', data: '10.43.0.9', ttl: 5 }] });
  });

  it('says NXDOMAIN with the start of authority for names that do not exist', async () => {
    const answer = await ask('web.nonsense.cluster.local');
    expect(answer).toMatchObject({ rcode: 'NXDOMAIN', authorities: [{ type: 'SOA', name: 'cluster.local' }] });
  });

  it('truncates what does not fit into a datagram and gives it whole over TCP', async () => {
    const short = await ask('many.default.svc.cluster.local');
    expect([short.answers?.length, short.flag_tc]).toEqual([0, true]);
    expect((await ask('many.default.svc.cluster.local', 'tcp')).answers).toHaveLength(60);
  });

  it('fails clearly when the host has no resolver for a foreign name', async () => {
    expect((await ask('example.org')).rcode).toBe('SERVFAIL');
  });

  it('drops what is no question and survives every message', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        await respond(Buffer.from(bytes), 'udp', signal);
      }),
    );
  });
});
