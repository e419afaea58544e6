import type { IncomingMessage } from 'node:http';
import type { ApiRequest } from '../../api/transport.ts';
import { asksToImpersonate } from '../authn/impersonation.ts';
import type { Impersonator, UserInfo } from '../ports.ts';
import { attributesOf } from '../registry/authorize.ts';
import { distinctHeaders } from './distinct-headers.ts';

export const NON_RESOURCE_VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'head',
  POST: 'post',
  PUT: 'put',
  PATCH: 'patch',
  DELETE: 'delete',
  OPTIONS: 'options',
};

/** Whom a request acts as: who sent it, or whom Impersonate-* headers ask to be. Throws Forbidden. */
export function actingUser(
  { impersonate }: { readonly impersonate?: Impersonator },
  sender: UserInfo,
  { raw, request, path }: { raw: IncomingMessage; request: ApiRequest | undefined; path: string },
): UserInfo | Promise<UserInfo> {
  if (!impersonate || !asksToImpersonate(raw.headers)) return sender;
  const verb = NON_RESOURCE_VERBS[raw.method ?? 'GET'] ?? '';
  const attributes = request ? attributesOf(sender, request) : { user: sender, verb, path };
  return impersonate(attributes, distinctHeaders(raw)).then((other) => other ?? sender);
}
