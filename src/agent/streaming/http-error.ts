import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { RuntimeError } from '../../runtime/runtime.ts';

/** What a kubelet answers when it cannot do what was asked: a code and one sentence. The API server turns it into a Status. */
export class HttpError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.name = 'HttpError';
    this.code = code;
  }
}

const RUNTIME_CODES: Partial<Record<RuntimeError['reason'], number>> = { NotFound: 404, Unavailable: 503, Unimplemented: 501 };

function describe(error: unknown): { code: number; message: string } {
  if (error instanceof HttpError) return error;
  if (error instanceof RuntimeError) return { code: RUNTIME_CODES[error.reason] ?? 500, message: error.message };
  return { code: 500, message: error instanceof Error ? error.message : String(error) };
}

export function answerError(reply: ServerResponse, error: unknown): void {
  const { code, message } = describe(error);
  if (reply.headersSent) return void reply.destroy();
  reply.writeHead(code, { 'content-type': 'text/plain; charset=utf-8' }).end(`${message}\n`);
}

/** The same on the raw socket of an upgrade request. */
export function refuseUpgrade(socket: Duplex, error: unknown): void {
  const { code, message } = describe(error);
  const body = `${message}\n`;
  socket.end(
    `HTTP/1.1 ${code} Error\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
