import { type CelProgram, compileCel, DYN, mapOf, STRING, toJson } from '../../../api/cel/index.ts';
import type { UserInfo } from '../../ports.ts';
import { ClaimError, type ClaimMapping } from './claims-plan.ts';

const CLAIMS = { claims: mapOf(STRING, DYN) };
const USER = { user: DYN };

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** `evaluate`'s value as JSON; what goes wrong is the token's fault, said as upstream says it. */
function value(program: CelProgram, bindings: Readonly<Record<string, unknown>>, say: (why: string) => string): unknown {
  try {
    return toJson(program.evaluate(bindings));
  } catch (error) {
    throw new ClaimError(say(reasonOf(error)));
  }
}

/** A user name from a CEL expression over `claims`. Throws CelError when the expression is wrong. */
export function usernameExpression(expression: string): ClaimMapping['username'] {
  const program = compileCel(expression, { variables: CLAIMS });
  const say = (why: string) => `oidc: error evaluating username claim expression: ${why}`;
  return (claims) => {
    const name = value(program, { claims }, say);
    if (typeof name !== 'string') throw new ClaimError(say('username claim expression must return a string'));
    if (name === '') throw new ClaimError('oidc: empty username via CEL expression is not allowed');
    return name;
  };
}

export function uidExpression(expression: string): ClaimMapping['uid'] {
  const program = compileCel(expression, { variables: CLAIMS });
  const say = (why: string) => `oidc: error evaluating uid claim expression: ${why}`;
  return (claims) => {
    const uid = value(program, { claims }, say);
    if (typeof uid !== 'string') throw new ClaimError(say('uid claim expression must return a string'));
    return uid;
  };
}

/** A text, a list of texts, or null for none; empty texts count for nothing. */
function texts(found: unknown, say: (why: string) => string): string[] {
  if (found === null || found === undefined) return [];
  const list = Array.isArray(found) ? found : [found];
  if (!list.every((each): each is string => typeof each === 'string'))
    throw new ClaimError(say('expression must return a string or a list of strings'));
  return list.filter((each) => each !== '');
}

export function groupsExpression(expression: string): ClaimMapping['groups'] {
  const program = compileCel(expression, { variables: CLAIMS });
  const say = (why: string) => `oidc: error evaluating group claim expression: ${why}`;
  return (claims) => texts(value(program, { claims }, say), say);
}

export function extraExpressions(mappings: readonly { readonly key: string; readonly valueExpression: string }[]): ClaimMapping['extra'] {
  const programs = mappings.map(({ key, valueExpression }) => ({ key, program: compileCel(valueExpression, { variables: CLAIMS }) }));
  return (claims) => {
    const entries = programs.map(({ key, program }): [string, string[]] => {
      const say = (why: string) => `oidc: error evaluating extra claim expression: ${program.expression}: ${why}`;
      return [key, texts(value(program, { claims }, say), say)];
    });
    return Object.fromEntries(entries.filter(([, values]) => values.length > 0));
  };
}

interface Rule {
  readonly expression: string;
  readonly message?: string;
}

function condition({ expression, message = '' }: Rule, variables: Parameters<typeof compileCel>[1]['variables'], what: string) {
  const program = compileCel(expression, { variables, returns: 'bool' });
  const say = (why: string) => `oidc: error evaluating ${what}: ${why}`;
  return (bindings: Readonly<Record<string, unknown>>) => {
    if (value(program, bindings, say) !== true) throw new ClaimError(say(`validation expression '${expression}' failed: ${message}`));
  };
}

export function claimCondition(rule: Rule): ClaimMapping['claimRules'][number] {
  const check = condition(rule, CLAIMS, 'claim validation expression');
  return (claims) => check({ claims });
}

export function userCondition(rule: Rule): ClaimMapping['userRules'][number] {
  const check = condition(rule, USER, 'user info validation rule');
  return ({ name, uid = '', groups, extra = {} }: UserInfo) => check({ user: { username: name, uid, groups, extra } });
}
