import {
  AUTHORIZER_TYPE,
  BOOL,
  type CelEnvironment,
  type CelType,
  DYN,
  INT,
  listOf,
  mapOf,
  namedType,
  objectType,
  RESOURCE_CHECK_TYPE,
  STRING,
  TIMESTAMP,
} from '../cel/index.ts';

const gvk = objectType('kubernetes.GroupVersionKind', { group: STRING, version: STRING, kind: STRING });
const gvr = objectType('kubernetes.GroupVersionResource', { group: STRING, version: STRING, resource: STRING });
const userInfo = objectType('kubernetes.UserInfo', {
  username: STRING,
  uid: STRING,
  groups: listOf(STRING),
  extra: mapOf(STRING, listOf(STRING)),
});

/** `request`: an AdmissionRequest without `uid`, `object` and `oldObject` (apiserver, admission/plugin/cel). */
const REQUEST = objectType('kubernetes.AdmissionRequest', {
  kind: gvk,
  resource: gvr,
  subResource: STRING,
  requestKind: gvk,
  requestResource: gvr,
  requestSubResource: STRING,
  name: STRING,
  namespace: STRING,
  operation: STRING,
  userInfo,
  dryRun: BOOL,
  options: DYN,
});

const NAMESPACE = objectType('kubernetes.Namespace', {
  metadata: objectType('kubernetes.NamespaceMetadata', {
    name: STRING,
    generateName: STRING,
    namespace: STRING,
    labels: mapOf(STRING, STRING),
    annotations: mapOf(STRING, STRING),
    UID: STRING,
    creationTimestamp: TIMESTAMP,
    deletionGracePeriodSeconds: INT,
    deletionTimestamp: TIMESTAMP,
    generation: INT,
    resourceVersion: STRING,
    finalizers: listOf(STRING),
  }),
  spec: objectType('kubernetes.NamespaceSpec', { finalizers: listOf(STRING) }),
  status: objectType('kubernetes.NamespaceStatus', {
    conditions: listOf(
      objectType('kubernetes.NamespaceCondition', {
        status: STRING,
        type: STRING,
        lastTransitionTime: TIMESTAMP,
        message: STRING,
        reason: STRING,
      }),
    ),
    phase: STRING,
  }),
});

export interface ExpressionVariables {
  readonly hasParams: boolean;
  readonly hasAuthorizer: boolean;
  /** Types of the policy's own `variables`, by name. */
  readonly composed?: Readonly<Record<string, CelType>>;
  /** What `object`, `oldObject` and `params` are, where that is known (type checking); anything otherwise. */
  readonly object?: CelType;
  readonly params?: CelType;
}

/** The variables of expressions in admission policies and in the match conditions of webhooks. */
export function expressionVariables({
  hasParams,
  hasAuthorizer,
  composed,
  object = DYN,
  params = DYN,
}: ExpressionVariables): CelEnvironment['variables'] {
  return {
    object,
    oldObject: object,
    request: REQUEST,
    namespaceObject: NAMESPACE,
    ...(hasParams && { params }),
    ...(hasAuthorizer && { authorizer: namedType(AUTHORIZER_TYPE), 'authorizer.requestResource': namedType(RESOURCE_CHECK_TYPE) }),
    ...(composed && { variables: objectType('kubernetes.variables', composed) }),
  };
}

/** Match conditions of webhooks. */
export const WEBHOOK_CONDITIONS: CelEnvironment = {
  variables: expressionVariables({ hasParams: false, hasAuthorizer: true }),
  returns: 'bool',
};
