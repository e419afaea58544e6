import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Duplex } from 'node:stream';
import { aborted } from '../../base/abort.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { answerError, HttpError, refuseUpgrade } from './http-error.ts';
import type { KubeletAccess } from './kubelet-access.ts';
import type { KubeletRoutes } from './kubelet-routes.ts';
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
  readonly access: KubeletAccess;
  readonly runtime: Runtime;
  readonly directory: PodDirectory;
  readonly routes: KubeletRoutes;
  readonly log: Logger;
}

const HEADERS_TIMEOUT_MS = 10_000;

/** The kubelet's HTTPS API: for the API server, and for whom it says may (metrics-server, Prometheus). */
export function createKubeletApi(options: KubeletApiOptions): Component {
  const { directory, runtime, log, access, routes } = options;

  async function answer(raw: IncomingMessage, reply: ServerResponse, signal: AbortSignal): Promise<void> {
    const url = new URL(raw.url ?? '/', 'https://kubelet');
    if (url.pathname !== '/healthz') await access.check(raw, url.pathname, { signal });
    await routes(url, reply, { signal });
  }

  async function upgrade(raw: IncomingMessage, socket: Duplex, head: Buffer, signal: AbortSignal): Promise<void> {
    const url = new URL(raw.url ?? '/', 'https://kubelet');
    await access.check(raw, url.pathname, { signal });
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
