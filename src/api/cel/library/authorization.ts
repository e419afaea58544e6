import { dns1123LabelFindings, dns1123SubdomainFindings } from '../../meta/names.ts';
import { runtimeError } from '../errors.ts';
import { method, type Overload, type OverloadCosts } from '../overloads.ts';
import { CEL_TYPE, type NamedValue } from '../values.ts';

const AUTHORIZER = 'kubernetes.authorization.Authorizer';
const PATH = 'kubernetes.authorization.PathCheck';
const GROUP = 'kubernetes.authorization.GroupCheck';
const RESOURCE = 'kubernetes.authorization.ResourceCheck';
const DECISION = 'kubernetes.authorization.Decision';

/** What an expression asks. `serviceAccount`: about that account instead of who sent the request. */
export interface AuthorizationQuestion {
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
  readonly verb: string;
  readonly path?: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

export interface AuthorizationAnswer {
  readonly allowed: boolean;
  readonly reason: string;
  readonly error?: string;
}

/**
 * Answers at once. One that cannot yet throws something of its own (no CelError): the evaluation ends with it, whatever `||` stands around, and is
 * started again when the answer is there.
 */
export type AnswerAuthorization = (question: AuthorizationQuestion) => AuthorizationAnswer;

const NOTHING: AuthorizationQuestion = { verb: '', group: '', resource: '', subresource: '', namespace: '', name: '' };

/** The variables `authorizer` (no resource yet) and `authorizer.requestResource` of expressions, and what their methods make of them. */
class Check implements NamedValue {
  readonly [CEL_TYPE]: string;
  readonly question: AuthorizationQuestion;
  readonly answer: AnswerAuthorization;

  constructor(type: string, question: AuthorizationQuestion, answer: AnswerAuthorization) {
    this[CEL_TYPE] = type;
    this.question = question;
    this.answer = answer;
  }

  with(type: string, more: Partial<AuthorizationQuestion>): Check {
    return new Check(type, { ...this.question, ...more }, this.answer);
  }
}

class Decision implements NamedValue {
  readonly [CEL_TYPE] = DECISION;
  readonly answer: AuthorizationAnswer;
  constructor(answer: AuthorizationAnswer) {
    this.answer = answer;
  }
}

/** Names of the types of the variables `authorizer` and `authorizer.requestResource`. */
export const AUTHORIZER_TYPE = AUTHORIZER;
export const RESOURCE_CHECK_TYPE = RESOURCE;

export const authorizerValue = (answer: AnswerAuthorization): unknown => new Check(AUTHORIZER, NOTHING, answer);
export const resourceCheckValue = (answer: AnswerAuthorization, about: Partial<AuthorizationQuestion>): unknown =>
  new Check(RESOURCE, { ...NOTHING, ...about }, answer);

function nonBlank(text: string, what: string): string {
  if (text.trim() === '') throw runtimeError(`${what} must not be empty`);
  return text;
}

function serviceAccount(check: Check, namespace: string, name: string): Check {
  if (dns1123SubdomainFindings(name).length > 0) throw runtimeError('Invalid service account name');
  if (dns1123LabelFindings(namespace).length > 0) throw runtimeError('Invalid service account namespace');
  return check.with(AUTHORIZER, { serviceAccount: { namespace, name } });
}

const ask = (check: Check, verb: string): Decision => new Decision(check.answer({ ...check.question, verb }));
/** Upstream's: two of them fit into an expression. */
const CHECK: OverloadCosts = { cost: () => 350_000 };

/** One method of ResourceCheck that sets a field. */
const setter = (field: 'subresource' | 'namespace' | 'name' | 'fieldSelector' | 'labelSelector'): Overload =>
  method(`${RESOURCE}.${field}(string): ${RESOURCE}`, (check: Check, value: string) => check.with(RESOURCE, { [field]: value }));

/** Kubernetes, "CEL in Kubernetes: Kubernetes authorizer library". */
export const authorization: readonly Overload[] = [
  method(`${AUTHORIZER}.path(string): ${PATH}`, (check: Check, path: string) => check.with(PATH, { path: nonBlank(path, 'path') })),
  method(`${AUTHORIZER}.group(string): ${GROUP}`, (check: Check, group: string) => check.with(GROUP, { group })),
  method(`${AUTHORIZER}.serviceAccount(string, string): ${AUTHORIZER}`, serviceAccount),
  method(`${GROUP}.resource(string): ${RESOURCE}`, (check: Check, name: string) =>
    check.with(RESOURCE, { resource: nonBlank(name, 'resource') }),
  ),
  setter('subresource'),
  setter('namespace'),
  setter('name'),
  setter('fieldSelector'),
  setter('labelSelector'),
  method(`${PATH}.check(string): ${DECISION}`, ask, CHECK),
  method(`${RESOURCE}.check(string): ${DECISION}`, ask, CHECK),
  method(`${DECISION}.allowed(): bool`, ({ answer }: Decision) => answer.allowed),
  method(`${DECISION}.reason(): string`, ({ answer }: Decision) => answer.reason),
  method(`${DECISION}.errored(): bool`, ({ answer }: Decision) => answer.error !== undefined),
  method(`${DECISION}.error(): string`, ({ answer }: Decision) => answer.error ?? ''),
];
