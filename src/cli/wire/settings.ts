import type { AuditSettings } from './audit.ts';

/** Who is believed: names and meanings of kube-apiserver's flags. */
export interface TrustSettings {
  readonly serviceAccountIssuer?: readonly string[];
  readonly serviceAccountKeyFile?: readonly string[];
  readonly serviceAccountSigningKeyFile?: string;
  readonly serviceAccountJwksUri?: string;
  /** Milliseconds. */
  readonly serviceAccountMaxTokenExpiration?: number;
  readonly serviceAccountExtendTokenExpiration?: boolean;
  readonly apiAudiences?: readonly string[];
}

/** What `minik server` was told, by flags, environment or file; one field a flag. */
export interface ServerSettings extends TrustSettings, AuditSettings {
  readonly dataDir: string;
  readonly bindAddress: string;
  readonly httpsListenPort: number;
  readonly tlsSan: readonly string[];
  readonly writeKubeconfig?: string;
  readonly advertiseAddress?: string;
  readonly clusterCidr: string;
  readonly serviceCidr: string;
  readonly serviceNodePortRange: string;
  readonly clusterDns: string;
  readonly clusterDomain: string;
  readonly token?: string;
  readonly datastoreEndpoint?: string;
  readonly disable: readonly string[];
  readonly nodeIp: string;
  readonly nodeName: string;
  readonly encryptionProviderConfig?: string;
}

/** What the agent on a machine was told. */
export interface NodeSettings {
  readonly dataDir: string;
  readonly nodeName: string;
  readonly nodeIp: string;
  readonly nodeLabel: readonly string[];
  readonly nodeTaint: readonly string[];
  readonly containerRuntimeEndpoint?: string;
  readonly clusterDns: string;
  readonly clusterDomain: string;
  readonly clusterCidr: string;
  readonly serviceCidr: string;
  readonly disable: readonly string[];
}
