/** What a certificate signing request asks for. */
export interface CsrDescription {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
  /** Is the request signed with the key that it carries? Nothing may be signed otherwise. */
  readonly signatureValid: boolean;
}

/** A request that does not parse, is not signed by its own key, or asks for a usage that Kubernetes does not know. */
export class CsrError extends Error {
  override name = 'CsrError';
}
