import type { TlsBounds } from '../../server/http/https-server.ts';
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
  readonly authenticationConfig?: string;
  readonly authorizationConfig?: string;
  readonly oidcIssuerUrl?: string;
  readonly oidcClientId?: string;
  readonly oidcUsernameClaim?: string;
  readonly oidcUsernamePrefix?: string;
  readonly oidcGroupsClaim?: string;
  readonly oidcGroupsPrefix?: string;
  /** `key=value`. */
  readonly oidcRequiredClaim?: readonly string[];
  readonly oidcCaFile?: string;
  readonly oidcSigningAlgs?: readonly string[];
  readonly authenticationTokenWebhookConfigFile?: string;
  readonly authenticationTokenWebhookVersion?: string;
  /** Milliseconds, as all durations. */
  readonly authenticationTokenWebhookCacheTtl?: number;
  readonly authorizationMode?: readonly string[];
  readonly authorizationWebhookConfigFile?: string;
  readonly authorizationWebhookVersion?: string;
  readonly authorizationWebhookCacheAuthorizedTtl?: number;
  readonly authorizationWebhookCacheUnauthorizedTtl?: number;
  readonly anonymousAuth?: boolean;
  readonly clientCaFile?: string;
  readonly requestheaderClientCaFile?: string;
  readonly requestheaderAllowedNames?: readonly string[];
  readonly requestheaderUsernameHeaders?: readonly string[];
  readonly requestheaderUidHeaders?: readonly string[];
  readonly requestheaderGroupHeaders?: readonly string[];
  readonly requestheaderExtraHeadersPrefix?: readonly string[];
}

/** What `minik server` was told, by flags, environment or file; one field a flag. */
export interface ServerSettings extends TrustSettings, AuditSettings {
  readonly dataDir: string;
  readonly bindAddress: string;
  readonly httpsListenPort: number;
  readonly tlsSan: readonly string[];
  readonly tlsMinVersion?: TlsBounds['minVersion'];
  /** By OpenSSL's names. */
  readonly tlsCipherSuites?: readonly string[];
  readonly writeKubeconfig?: string;
  readonly advertiseAddress?: string;
  /** One range, or one of each family, as the next; the first is the cluster's own family. */
  readonly clusterCidr: readonly string[];
  readonly serviceCidr: readonly string[];
  readonly nodeCidrMaskSize?: number;
  readonly nodeCidrMaskSizeIpv4?: number;
  readonly nodeCidrMaskSizeIpv6?: number;
  readonly serviceNodePortRange: string;
  readonly clusterDns: string;
  readonly clusterDomain: string;
  readonly token?: string;
  readonly datastoreEndpoint?: string;
  readonly disable: readonly string[];
  readonly schedulerConfig?: string;
  readonly enableAdmissionPlugins?: readonly string[];
  readonly disableAdmissionPlugins?: readonly string[];
  readonly admissionControlConfigFile?: string;
  readonly defaultNotReadyTolerationSeconds?: number;
  readonly defaultUnreachableTolerationSeconds?: number;
  /** `storagemigration.k8s.io/v1beta1=true`. */
  readonly runtimeConfig?: readonly string[];
  /** One address, or one of each family. */
  readonly nodeIp: readonly string[];
  readonly nodeName: string;
  readonly encryptionProviderConfig?: string;
  readonly encryptionProviderConfigAutomaticReload?: boolean;
  /** Milliseconds. */
  readonly eventTtl?: number;
  /** Milliseconds. */
  readonly requestTimeout?: number;
  /** Seconds. */
  readonly minRequestTimeout?: number;
  /** Milliseconds. */
  readonly shutdownDelayDuration?: number;
  readonly maxRequestsInflight?: number;
  readonly maxMutatingRequestsInflight?: number;
}

/** What the agent on a machine was told. */
export interface NodeSettings {
  readonly dataDir: string;
  readonly nodeName: string;
  /** One address, or one of each family. */
  readonly nodeIp: readonly string[];
  readonly nodeLabel: readonly string[];
  readonly nodeTaint: readonly string[];
  readonly containerRuntimeEndpoint?: string;
  readonly clusterDns: string;
  readonly clusterDomain: string;
  readonly clusterCidr: readonly string[];
  readonly serviceCidr: readonly string[];
  readonly disable: readonly string[];
}
