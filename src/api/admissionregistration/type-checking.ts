import { type CelEnvironment, CelError, type CelType, compileCel, DYN } from '../cel/index.ts';
import type { ResourceDefinition } from '../define.ts';
import type { Registry } from '../registry.ts';
import type { ExpressionWarning, NamedRuleWithOperations, ValidatingAdmissionPolicy, Variable } from '../schema/generated/types.ts';
import { expressionVariables } from './expression-environment.ts';
import { typeOfKind } from './schema-types.ts';

type Kinds = Pick<Registry, 'find' | 'findKind'>;

/** Enough to help an author; a policy for everything would be checked for ever. */
const MAX_TYPES = 10;

/**
 * What expressions of a policy get wrong about the kinds that it is for. Warnings alone: what is wrong for one kind may be right for another. Kinds that
 * rules name with wildcards are not checked, nor are those without a schema (of extension servers). Source: Kubernetes, "Validating Admission Policy: type checking".
 */
export function typeCheckingWarnings({ spec = {} }: ValidatingAdmissionPolicy, kinds: Kinds): ExpressionWarning[] {
  const types = kindsOf(spec.matchConstraints?.resourceRules ?? [], kinds);
  const params = spec.paramKind && paramsType(spec.paramKind, kinds);
  const environments = types.map((definition) => ({
    name: `${definition.group ? `${definition.group}/` : ''}${definition.version}, Kind=${definition.kind}`,
    environment: environmentOf(typeOfKind(definition), params, spec.variables ?? []),
  }));
  const check = (fieldRef: string, expression: string | undefined): ExpressionWarning[] => {
    if (!expression) return [];
    const issues = environments.flatMap(({ name, environment }) => {
      const issue = issueOf(expression, environment);
      return issue === undefined ? [] : [`${name}: ${issue}\n`];
    });
    return issues.length === 0 ? [] : [{ fieldRef, warning: issues.join('\n') }];
  };
  return (spec.validations ?? []).flatMap(({ expression, messageExpression }, i) => [
    ...check(`spec.validations[${i}].expression`, expression),
    ...check(`spec.validations[${i}].messageExpression`, messageExpression),
  ]);
}

function issueOf(expression: string, environment: CelEnvironment): string | undefined {
  try {
    compileCel(expression, environment);
    return undefined;
  } catch (e) {
    if (e instanceof CelError) return e.message;
    throw e;
  }
}

function environmentOf(object: CelType, params: CelType | undefined, variables: readonly Variable[]): CelEnvironment {
  const composed: Record<string, CelType> = {};
  const environment = (): CelEnvironment => ({
    variables: expressionVariables({ hasParams: params !== undefined, hasAuthorizer: true, composed: { ...composed }, object, params }),
  });
  for (const { name, expression } of variables) {
    try {
      composed[name] = compileCel(expression, environment()).type;
    } catch (e) {
      if (!(e instanceof CelError)) throw e;
      composed[name] = DYN;
    }
  }
  return environment();
}

function paramsType({ apiVersion = '', kind = '' }: { apiVersion?: string; kind?: string }, kinds: Kinds): CelType {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const definition = kinds.findKind(group, version, kind);
  return definition ? typeOfKind(definition) : DYN;
}

function kindsOf(rules: readonly NamedRuleWithOperations[], kinds: Kinds): readonly ResourceDefinition[] {
  const found = new Set<ResourceDefinition>();
  for (const { apiGroups = [], apiVersions = [], resources = [] } of rules) {
    if ([...apiGroups, ...apiVersions].some((name) => name.includes('*'))) continue;
    for (const group of apiGroups) {
      for (const version of apiVersions) {
        for (const resource of resources) {
          const definition = /[*/]/.test(resource) ? undefined : kinds.find(group, version, resource);
          if (definition && found.size < MAX_TYPES) found.add(definition);
        }
      }
    }
  }
  const key = ({ group, version, kind }: ResourceDefinition) => `${group}\n${version}\n${kind}`;
  return [...found].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
