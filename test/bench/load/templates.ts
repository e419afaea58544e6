import { CLIENT, type RequestTemplate, SEQUENCE } from './job.ts';

/** Requests as kubectl and controllers send them. Names end in the request's number. */

const collection = (plural: string, namespace: string) => `/api/v1/namespaces/${namespace}/${plural}`;
export const podName = (sequence: string): string => `pod-${sequence}`;
export const configMapName = (sequence: string): string => `cm-${sequence}`;
const nameOf = (plural: Plural, sequence: string) => (plural === 'pods' ? podName(sequence) : configMapName(sequence));

export type Plural = 'pods' | 'configmaps';

/** About 0.6 kB. */
const configMap = (name: string, annotations: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, annotations },
  data: { 'app.properties': 'key=value of the application\n'.repeat(15), seq: SEQUENCE },
});

/** About 3 kB as it is stored, managedFields included. No scheduler has its name: what is measured is the API. */
const pod = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: 'bench', tier: 'backend', seq: SEQUENCE } },
  spec: {
    schedulerName: 'nobody',
    containers: [
      {
        name: 'main',
        image: 'registry.example/team/application:1.2.3',
        command: ['/bin/application', '--config', '/etc/application/config.yaml'],
        env: Array.from({ length: 4 }, (_, i) => ({ name: `APPLICATION_SETTING_${i}`, value: `the value of setting number ${i}` })),
        ports: [{ name: 'http', containerPort: 8080 }],
        resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '64Mi' } },
        readinessProbe: { httpGet: { path: '/ready', port: 'http' } },
      },
    ],
  },
});

export const create = (plural: Plural, namespace: string): RequestTemplate => ({
  method: 'POST',
  path: collection(plural, namespace),
  body: JSON.stringify(plural === 'pods' ? pod(podName(SEQUENCE)) : configMap(configMapName(SEQUENCE))),
  status: 201,
  answers: `"name":"${nameOf(plural, SEQUENCE)}"`,
});

export const get = (plural: Plural, namespace: string, name: string): RequestTemplate => ({
  method: 'GET',
  path: `${collection(plural, namespace)}/${name}`,
  status: 200,
  answers: `"name":"${name}"`,
});

/** All of them in one answer. */
export const list = (plural: Plural, namespace: string): RequestTemplate => ({
  method: 'GET',
  path: collection(plural, namespace),
  status: 200,
});

/** Each client patches the object that has its number. */
export const mergePatch = (plural: Plural, namespace: string, annotations: Record<string, string> = {}): RequestTemplate => ({
  method: 'PATCH',
  path: `${collection(plural, namespace)}/${nameOf(plural, CLIENT)}`,
  contentType: 'application/merge-patch+json',
  body: JSON.stringify({ metadata: { annotations: { seq: SEQUENCE, ...annotations } } }),
  status: 200,
  answers: `"seq":"${SEQUENCE}"`,
});

export const remove = (plural: Plural, namespace: string): RequestTemplate => ({
  method: 'DELETE',
  path: `${collection(plural, namespace)}/${nameOf(plural, SEQUENCE)}`,
  body: '{}',
  status: 200,
});
