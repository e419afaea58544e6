import packageJson from '../../package.json' with { type: 'json' };

/** The Kubernetes release whose behaviour minik follows. */
export const KUBERNETES_VERSION = 'v1.36.0';

export const MINIK_VERSION: string = packageJson.version;

/** What /version and kubelets report: Kubernetes' release with minik's as build metadata. */
export const GIT_VERSION = `${KUBERNETES_VERSION}+minik-${MINIK_VERSION}`;
