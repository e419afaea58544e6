import dnsPacket, { type Packet, type Answer as PacketAnswer } from 'dns-packet';
import type { Answer } from './zone-plan.ts';

/** Seconds that clients may keep an answer: short, because endpoints move (CoreDNS' default for the cluster zone is 5 too). */
const TTL_SECONDS = 5;
const RCODE = { ok: 0, serverFailure: 2, missing: 3, refused: 5 } as const;
const LARGEST_PLAIN_UDP = 512;
const LARGEST_UDP = 1232;

type ResponseCode = keyof typeof RCODE;

/** A random order: clients take the first address. */
function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
  }
  return copy;
}

const startOfAuthority = (domain: string): PacketAnswer => ({
  type: 'SOA',
  name: domain,
  ttl: TTL_SECONDS,
  data: {
    mname: `ns.dns.${domain}`,
    rname: `hostmaster.${domain}`,
    serial: 1,
    refresh: 7200,
    retry: 1800,
    expire: 86400,
    minimum: TTL_SECONDS,
  },
});

function build(query: Packet, code: ResponseCode, parts: Partial<Packet>): Packet {
  return {
    id: query.id,
    type: 'response',
    flags:
      dnsPacket.AUTHORITATIVE_ANSWER | ((query.flags ?? 0) & dnsPacket.RECURSION_DESIRED) | dnsPacket.RECURSION_AVAILABLE | RCODE[code],
    questions: query.questions,
    ...parts,
  };
}

/** The message for an answer out of the zone; undefined when the question is not ours to answer. */
export function encodeAnswer(query: Packet, answer: Answer, options: { domain: string; random: () => number }): Buffer | undefined {
  switch (answer.kind) {
    case 'foreign':
      return undefined;
    case 'missing':
      return dnsPacket.encode(build(query, 'missing', { authorities: [startOfAuthority(options.domain)] }));
    case 'records': {
      const withTtl = (list: Extract<Answer, { kind: 'records' }>['answers']) =>
        shuffled(list, options.random).map((r) => ({ ...r, ttl: TTL_SECONDS }) as PacketAnswer);
      const authorities = answer.answers.length === 0 ? [startOfAuthority(options.domain)] : [];
      return dnsPacket.encode(
        build(query, 'ok', { answers: withTtl(answer.answers), additionals: withTtl(answer.additionals), authorities }),
      );
    }
  }
}

export const encodeFailure = (query: Packet, code: ResponseCode): Buffer => dnsPacket.encode(build(query, code, {}));

/** How large a UDP answer the client takes: what its EDNS option says, within bounds. */
export function udpLimit(query: Packet): number {
  const option = query.additionals?.find((a) => a.type === 'OPT') as { udpPayloadSize?: number } | undefined;
  return Math.min(Math.max(option?.udpPayloadSize ?? 0, LARGEST_PLAIN_UDP), LARGEST_UDP);
}

/** The answer cut down to header and question with the TC bit, when it does not fit: the client asks again over TCP. */
export function truncate(message: Buffer, query: Packet): Buffer {
  if (message.length <= udpLimit(query)) return message;
  const whole = dnsPacket.decode(message);
  return dnsPacket.encode({ ...build(query, 'ok', {}), flags: (whole.flags ?? 0) | dnsPacket.TRUNCATED_RESPONSE });
}
