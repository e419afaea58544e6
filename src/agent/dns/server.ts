import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import dnsPacket, { type Packet } from 'dns-packet';
import { aborted } from '../../base/abort.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import { forward } from './forward.ts';
import { encodeAnswer, encodeFailure, truncate } from './reply.ts';
import { answerQuestion, type ZoneRecord, type ZoneView } from './zone-plan.ts';

const PORT = 53;
const MAX_TCP_CONNECTIONS = 200;
const TCP_IDLE_MS = 10_000;
/** Questions to the host's resolvers under way at once: a flood must not use up the node's sockets. */
const MAX_FORWARDS = 200;

export interface DnsOptions {
  readonly view: ZoneView;
  /** The cluster DNS address; it is one of this node's own addresses by the time that the server runs. */
  readonly address: string;
  readonly port?: number;
  /** Called for every foreign question: the host's resolv.conf may change. */
  readonly resolvers: () => readonly string[];
  readonly random: Random;
  readonly log: Logger;
}

/** Answers one message. Never rejects: what cannot be answered is answered with a failure, what is no question is dropped. */
export function createResponder({ view, resolvers, random, log }: Omit<DnsOptions, 'address'>) {
  let forwards = 0;

  async function ask(message: Buffer, query: Packet, protocol: 'udp' | 'tcp', signal: AbortSignal): Promise<Buffer> {
    if (forwards >= MAX_FORWARDS) return encodeFailure(query, 'refused');
    forwards += 1;
    try {
      return (await forward(message, resolvers(), { protocol, signal })) ?? encodeFailure(query, 'serverFailure');
    } finally {
      forwards -= 1;
    }
  }

  /** A CNAME that points out of the zone is followed for the client, as its resolver library will not. */
  async function chase(cname: ZoneRecord & { type: 'CNAME' }, query: Packet, type: string, signal: AbortSignal) {
    const question = dnsPacket.encode({
      id: query.id,
      type: 'query',
      flags: dnsPacket.RECURSION_DESIRED,
      questions: [{ name: cname.data, type: type as 'A' }],
    });
    const answer = await ask(question, query, 'udp', signal);
    return dnsPacket.decode(answer).answers ?? [];
  }

  return async function respond(message: Buffer, protocol: 'udp' | 'tcp', signal: AbortSignal): Promise<Buffer | undefined> {
    let query: Packet;
    try {
      query = dnsPacket.decode(message);
    } catch {
      return undefined;
    }
    const question = query.questions?.[0];
    if (query.type !== 'query' || !question) return undefined;
    try {
      const answer = answerQuestion(view, question);
      const own = encodeAnswer(query, answer, { domain: view.domain, random });
      if (!own) return await ask(message, query, protocol, signal);
      const first = answer.kind === 'records' ? answer.answers[0] : undefined;
      if (first?.type !== 'CNAME' || question.type === 'CNAME') return protocol === 'udp' ? truncate(own, query) : own;
      const packet = dnsPacket.decode(own);
      const more = await chase(first as ZoneRecord & { type: 'CNAME' }, query, question.type, signal);
      return dnsPacket.encode({ ...packet, answers: [...(packet.answers ?? []), ...more] });
    } catch (error) {
      log.warn({ error, name: question.name }, 'dns question failed');
      return encodeFailure(query, 'serverFailure');
    }
  };
}

type Respond = ReturnType<typeof createResponder>;

async function openUdp(address: string, port: number, respond: Respond, signal: AbortSignal): Promise<UdpSocket> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', async (message, peer) => {
    const answer = await respond(message, 'udp', signal);
    if (answer && !signal.aborted) socket.send(answer, peer.port, peer.address);
  });
  socket.bind(port, address);
  await once(socket, 'listening');
  return socket;
}

/** DNS over TCP: two bytes of length in front of each message. */
function serveTcp(socket: Socket, respond: Respond, signal: AbortSignal): void {
  let received: Buffer = Buffer.alloc(0);
  socket.setTimeout(TCP_IDLE_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', async (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 2 && received.length >= received.readUInt16BE(0) + 2) {
      const message = received.subarray(2, received.readUInt16BE(0) + 2);
      received = received.subarray(message.length + 2);
      const answer = await respond(message, 'tcp', signal);
      if (!answer || socket.destroyed) continue;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(answer.length);
      socket.write(Buffer.concat([length, answer]));
    }
  });
}

async function openTcp(address: string, port: number, respond: Respond, signal: AbortSignal): Promise<Server> {
  const server = createServer((socket) => serveTcp(socket, respond, signal));
  server.maxConnections = MAX_TCP_CONNECTIONS;
  server.listen(port, address);
  await once(server, 'listening');
  return server;
}

/** The node's DNS server: the cluster zone out of informers, everything else from the host's resolvers. */
export function createDnsServer(options: DnsOptions): Component {
  return {
    name: 'dns',
    async run({ signal, ready }) {
      const respond = createResponder(options);
      const port = options.port ?? PORT;
      const udp = await openUdp(options.address, port, respond, signal);
      const tcp = await openTcp(options.address, port, respond, signal);
      options.log.info({ address: options.address, port }, 'cluster DNS answers');
      ready();
      await aborted(signal);
      udp.close();
      tcp.close();
      tcp.unref();
    },
  };
}
