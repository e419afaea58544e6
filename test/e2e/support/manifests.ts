import type { Container, Deployment, Pod, PodSpec, Service, ServicePort } from '../../../src/api/schema/generated/types.ts';

/** The image that global-setup.ts builds and imports: busybox, with a page in /srv/www. */
export const IMAGE = 'example.com/minik/busybox:1';
export const PAGE = 'hello from busybox\n';

/** Ends at once on SIGTERM, which process 1 ignores otherwise. */
export const SLEEP = "trap 'exit 0' TERM; sleep 3600 & wait";
/** Serves the page, and at /hostname the pod's name, on port 8080. */
export const SERVE =
  "trap 'exit 0' TERM; mkdir /tmp/www; cp /srv/www/* /tmp/www; hostname >/tmp/www/hostname; httpd -f -p 8080 -h /tmp/www & wait";

export const container = (script: string, more: Partial<Container> = {}): Container => ({
  name: 'main',
  image: IMAGE,
  command: ['sh', '-c', script],
  ...more,
});

export function pod(name: string, spec: Partial<PodSpec> & { labels?: Record<string, string> } = {}): Pod {
  const { labels, ...rest } = spec;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: labels ?? { app: name } },
    spec: { terminationGracePeriodSeconds: 1, containers: [container(SLEEP)], ...rest },
  };
}

export const deployment = (name: string, replicas: number, spec: Partial<PodSpec> = {}): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, labels: { app: name } },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { terminationGracePeriodSeconds: 1, containers: [container(SLEEP)], ...spec },
    },
  },
});

export const webContainer = (): Container =>
  container(SERVE, {
    ports: [{ name: 'http', containerPort: 8080 }],
    readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
  });

export const service = (name: string, ports: ServicePort[], more: Partial<Service['spec']> = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: name }, ports, ...more },
});

export const configMap = (name: string, data: Record<string, string>): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});
