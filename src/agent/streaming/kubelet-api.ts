import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { aborted } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { answerLogs } from './container-logs.ts';
import { answerError, HttpError, refuseUpgrade } from './http-error.ts';
import type { PodDirectory } from './pod-directory.ts';
import { parseStreamPath, passToRuntime } from './runtime-stream.ts';

export interface ServingCertificate {
  readonly cert: string;
  readonly key: string;
  /** CA of the API server's client certificate. */
  readonly clientCa: string;
}

export interface KubeletApiOptions {
  readonly address: string;
  readonly port: number;
  /** Called at start, and again whenever `certificateChanged` fires. */
  readonly certificate: () => ServingCertificate;
  readonly onCertificateChange: (listener: () => void) => Disposable;
  /** Common names of clients that may use this API: the API server's own. */
  readonly allowedClients: ReadonlySet<string>;
  readonly runtime: Runtime;
  readonly directory: PodDirectory;
  /** Text in Prometheus' format, for /metrics. */
  readonly metrics: () => Promise<string>;
  readonly clock: Clock;
  readonly log: Logger;
}

const HEADERS_TIMEOUT_MS = 10_000;

/** The kubelet's HTTPS API, for the API server alone: logs, exec, attach, port-forward, /pods, /healthz, /metrics. */
export function createKubeletApi(options: KubeletApiOptions): Component {
  const { directory, runtime, clock, log } = options;

  function authorize(socket: Duplex): void {
    const tls = socket as TLSSocket;
    const name = tls.authorized ? tls.getPeerCertificate().subject?.CN : undefined;
    if (name === undefined || !options.allowedClients.has(String(name)))
      throw new HttpError(name === undefined ? 401 : 403, name === undefined ? 'Unauthorized' : 'Forbidden');
  }

  async function answer(raw: IncomingMessage, reply: ServerResponse, signal: AbortSignal): Promise<void> {
    const url = new URL(raw.url ?? '/', 'https://kubelet');
    if (url.pathname === '/healthz') return void reply.end('ok');
    authorize(raw.socket);
    const [, first, ...rest] = url.pathname.split('/').map(decodeURIComponent);
    switch (first) {
      case 'containerLogs':
        return answerLogs(rest, url.searchParams, reply, { directory, clock, signal });
      case 'pods':
        return void reply
          .setHeader('content-type', 'application/json')
          .end(JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items: directory.pods() }));
      case 'metrics':
        return void reply.setHeader('content-type', 'text/plain; version=0.0.4').end(await options.metrics());
      default:
        throw new HttpError(
          parseStreamPath(url.pathname) ? 400 : 404,
          parseStreamPath(url.pathname) ? 'Upgrade request required' : '404 page not found',
        );
    }
  }

  async function upgrade(raw: IncomingMessage, socket: Duplex, head: Buffer, signal: AbortSignal): Promise<void> {
    authorize(raw.socket);
    const url = new URL(raw.url ?? '/', 'https://kubelet');
    const path = parseStreamPath(url.pathname);
    if (!path) throw new HttpError(404, '404 page not found');
    await passToRuntime(path, url.searchParams, { raw, socket, head, runtime, directory, signal });
  }

  function listen(signal: AbortSignal): Server {
    const { cert, key, clientCa } = options.certificate();
    const server = createServer({ cert, key, ca: clientCa, requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.2' });
    server.headersTimeout = HEADERS_TIMEOUT_MS;
    server.on('request', (raw, reply) => void answer(raw, reply, signal).catch((error) => answerError(reply, error)));
    server.on('upgrade', (raw, socket, head) => {
      socket.on('error', () => socket.destroy());
      void upgrade(raw, socket, head, signal).catch((error) => refuseUpgrade(socket, error));
    });
    server.listen(options.port, options.address);
    return server;
  }

  return {
    name: 'kubelet-api',
    async run({ signal, ready }) {
      const server = listen(signal);
      await once(server, 'listening');
      using _renewal = options.onCertificateChange(() => {
        const { cert, key, clientCa } = options.certificate();
        server.setSecureContext({ cert, key, ca: clientCa });
      });
      log.debug({ address: options.address, port: options.port }, 'kubelet API listens');
      ready();
      await aborted(signal);
      server.close();
      server.closeAllConnections();
    },
  };
}
