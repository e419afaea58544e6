import { describe, expect, it } from 'vitest';
import { KEPT_ZEROS, keepsZero } from './kept-zeros.ts';
import { zeroLeftOut } from './scalars.ts';
import { schemaNames, schemaOf } from './schema.ts';

const keeps = (path: string): boolean => {
  const [schema = '', name = ''] = path.split('.');
  const field = schemaOf(schema).fields.get(name);
  if (!field) throw new Error(`no field ${path}`);
  return keepsZero(schema, field);
};

describe('fields that keep their zeros', () => {
  it('are scalars that have one and that their schemas do not require', () => {
    for (const [schema, fields] of Object.entries(KEPT_ZEROS)) {
      expect(schemaNames()).toContain(schema);
      for (const entry of fields.split(' ')) {
        const field = schemaOf(schema).fields.get(entry.replace(/^-/, ''));
        expect(field?.type, `${schema}.${entry}`).toMatchObject({ is: 'scalar' });
        expect(field?.type.is === 'scalar' && zeroLeftOut(field.type.scalar), `${schema}.${entry}`).not.toBeUndefined();
        expect(field?.required, `${schema}.${entry}`).toBe(entry.startsWith('-'));
      }
    }
  });

  it('stand in the order of their schemas, each once', () => {
    expect(Object.keys(KEPT_ZEROS)).toEqual(Object.keys(KEPT_ZEROS).sort());
    for (const fields of Object.values(KEPT_ZEROS)) expect(new Set(fields.split(' ')).size).toBe(fields.split(' ').length);
  });

  it.each([
    ['DeploymentSpec.replicas', 'a pointer'],
    ['SecurityContext.runAsUser', 'a pointer'],
    ['PodSpec.automountServiceAccountToken', 'a pointer'],
    ['PersistentVolumeClaimSpec.storageClassName', 'a pointer'],
    ['JSONSchemaProps.maxLength', 'a pointer'],
    ['PriorityClass.value', 'always there, though OpenAPI does not require it'],
    ['StatefulSetSpec.serviceName', 'always there, though OpenAPI does not require it'],
    ['ContainerStatus.restartCount', 'required'],
    ['EnvVar.name', 'required'],
  ])('%s: %s', (path) => expect(keeps(path)).toBe(true));

  it.each([
    ['PodSpec.hostNetwork', 'a bool'],
    ['Container.workingDir', 'a string'],
    ['ContainerPort.hostPort', 'a number'],
    ['EnvVar.value', 'a string'],
    ['WebhookClientConfig.caBundle', 'bytes'],
    ['DeploymentStatus.replicas', 'a count of a status'],
    ['ScaleSpec.replicas', 'no pointer, other than those that it scales'],
    ['ParentReference.name', 'required, but left out when it is empty'],
  ])('are not %s: %s', (path) => expect(keeps(path.replace(/^Webhook/, 'AdmissionregistrationV1Webhook'))).toBe(false));
});
