import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ApiError } from '../../api/meta/status.ts';
import type { AuditTrail } from '../audit/trail.ts';
import type { RequestContext, UserInfo } from '../ports.ts';
import { attributesOf, authorize, authorizeOpening } from '../registry/authorize.ts';
import { badRequest, noSuchResource, notBuilt } from '../registry/errors.ts';
import { isWebSocket } from '../tunnel/websocket.ts';
import { actingUser } from './acting-user.ts';
import { asApiError, isUnexpected } from './error-status.ts';
import { auditIdOf, authorizeForeign, type FrontOptions, pathOf, route, trailOfRefused } from './front.ts';
import { RequestEnd } from './request-end.ts';
import { parseResourcePath } from './resource-path.ts';
import { foreignRequest } from './resource-request.ts';
import { answerWatchBySocket } from './watch-socket.ts';

const SWITCHING_PROTOCOLS = 101;

/** Requests that ask for another protocol: authenticated and authorized, then handed the socket. Never rejects. */
export function createUpgrade(options: FrontOptions): (raw: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void> {
  return async (raw, socket, head) => {
    socket.on('error', (error) => options.log.debug({ error }, 'upgraded connection failed'));
    const auditId = auditIdOf(options, raw);
    let user: UserInfo | undefined;
    let trail: AuditTrail | undefined;
    let begun = false;
    try {
      const urlPath = pathOf(raw);
      user = await options.authenticate(raw);
      const extension = options.extensions?.find(urlPath);
      const foreign = extension && foreignRequest(raw, parseResourcePath(urlPath));
      const routed = extension ? undefined : route(options, raw, urlPath);
      const asked = foreign ?? routed?.request;
      user = await actingUser(options, user, { raw, request: asked, path: urlPath });
      begun = true;
      trail = options.audit?.begin({ raw, auditId, user, path: urlPath, request: asked });
      if (trail?.received) await trail.received;
      const gone = new RequestEnd();
      socket.once('close', () => gone.end());
      if (extension) {
        await authorizeForeign(options, { raw, user, path: urlPath, request: foreign, trail });
        switching(socket, trail);
        return await options.extensions?.upgrade(extension, { raw, socket, head, user, signal: gone.signal });
      }
      if (!routed) throw noSuchResource();
      const { definition, path, request } = routed;
      const userAgent = raw.headers['user-agent'] ?? '';
      const context: RequestContext = { user, signal: gone.signal, userAgent, warn: () => {}, annotate: trail?.annotate };
      const declared = path.subresource === undefined ? undefined : definition.subresources[path.subresource];
      const isWatch = request.verb === 'watch' && isWebSocket(raw);
      if (!isWatch && (declared?.kind !== 'custom' || !declared.stream)) throw badRequest('this resource takes no upgrades');
      await authorize(options.authorizer, attributesOf(user, request), trail?.decided);
      if (routed.refusal) throw routed.refusal;
      if (isWatch) {
        switching(socket, trail);
        return await answerWatchBySocket(options, { raw, socket, head, routed, context, gone });
      }
      await authorizeOpening(options.authorizer, { user, request }, trail?.decided);
      const handler = options.streams[`${definition.plural}/${path.subresource}`];
      if (!handler) throw notBuilt(`${definition.plural}/${path.subresource}`);
      const url = new URL(raw.url ?? '/', 'https://server');
      switching(socket, trail);
      await handler.handle({ request, context, raw, url, reply: undefined, upgrade: { socket, head } });
    } catch (error) {
      const known = asApiError(error, options.log);
      if (!begun) trail = trailOfRefused(options, { raw, auditId, user });
      trail?.failed(known, { unexpected: isUnexpected(error) });
      if (!user) trail?.started(known.code);
      trail?.complete(known.code);
      refuse(socket, known);
    }
  };
}

/** The request is answered with another protocol, and over when that ends. */
function switching(socket: Duplex, trail: AuditTrail | undefined): void {
  socket.once('close', () => trail?.complete(SWITCHING_PROTOCOLS));
  trail?.started(SWITCHING_PROTOCOLS);
}

function refuse(socket: Duplex, error: ApiError): void {
  if (socket.destroyed) return;
  const body = `${JSON.stringify(error.toStatus())}\n`;
  const lines = [
    `HTTP/1.1 ${error.code} ${error.reason}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
