import type { ServiceReference } from './service-endpoint.ts';

/** Whom the API server calls: webhooks of every kind, extension API servers. */
export interface OutboundEndpoint {
  /** `https://host[:port]/path`, with a certificate for the host or for `serverName`; or a Service, with one for `<name>.<namespace>.svc`. */
  readonly target:
    | { readonly url: string; readonly serverName?: string }
    | { readonly service: ServiceReference & { readonly path?: string } };
  /** PEM of the only CAs that are trusted. Absent or empty: those of this machine. */
  readonly caBundle?: string;
  /** Any certificate will do (insecureSkipTLSVerify). */
  readonly skipVerification?: boolean;
  readonly credentials?: OutboundCredentials | undefined;
}

/** What is shown to whom is called. Certificates and keys in PEM. */
export type OutboundCredentials =
  | { readonly cert: string; readonly key: string }
  | { readonly token: string }
  | { readonly username: string; readonly password: string };
