import type { CustomSubresource } from '../define.ts';

/** nodes/proxy, pods/proxy and services/proxy: every HTTP method, streamed; `kind` is the options type that discovery names. */
export const proxySubresource = (kind: string): CustomSubresource => ({
  kind: 'custom',
  verbs: ['create', 'delete', 'get', 'patch', 'update'],
  objectKind: { group: '', version: 'v1', kind },
  stream: true,
});
