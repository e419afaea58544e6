import { join } from 'node:path';
import { makePrivateDirectory, readIfThere, writeSecretFile } from '../pki/secret-file.ts';
import { type BootstrapToken, createBootstrapToken, formatBootstrapToken, parseBootstrapToken } from './bootstrap-token.ts';

/**
 * What an agent is given to join: a bootstrap token and, so that it can check whom it talks to before it trusts anyone, the
 * SHA-256 of the cluster CA certificate's DER. Written `K10<hash>::<id>.<secret>`; `caHash` is absent in the short form `<id>.<secret>`.
 */
export interface JoinToken extends BootstrapToken {
  readonly caHash?: string;
}

const PREFIX = /^K10([0-9a-f]{64})::/;

export function parseJoinToken(text: string): JoinToken | undefined {
  const trimmed = text.trim();
  const [prefix = '', caHash] = PREFIX.exec(trimmed) ?? [];
  const token = parseBootstrapToken(trimmed.slice(prefix.length));
  return token && (caHash === undefined ? token : { caHash, ...token });
}

export const formatJoinToken = ({ caHash, ...token }: JoinToken): string =>
  caHash === undefined ? formatBootstrapToken(token) : `K10${caHash}::${formatBootstrapToken(token)}`;

/**
 * The cluster's own join token, kept in `<serverDir>/token` (0600): `given` (--token) when there is one, else what is stored, else a new one.
 * Rejects when a token has neither form.
 */
export async function openServerToken(options: { serverDir: string; caHash: string; given?: string }): Promise<JoinToken> {
  await makePrivateDirectory(options.serverDir);
  const path = join(options.serverDir, 'token');
  const stored = await readIfThere(path);
  const text = options.given ?? stored;
  const known = text === undefined ? createBootstrapToken() : parseJoinToken(text);
  if (!known) {
    const where = options.given === undefined ? path : 'the token given';
    throw new Error(
      `${where} is no join token: expected <6 characters>.<16 characters> of a-z and 0-9, with or without K10<CA hash>:: before it`,
    );
  }
  const token = { id: known.id, secret: known.secret, caHash: options.caHash };
  const line = `${formatJoinToken(token)}\n`;
  if (line !== stored) await writeSecretFile(path, line);
  return token;
}
