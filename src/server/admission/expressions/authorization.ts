import type { AnswerAuthorization, AuthorizationAnswer, AuthorizationQuestion } from '../../../api/cel/index.ts';
import type { AuthorizationAttributes, AuthorizationDecision, Authorizer, UserInfo } from '../../ports.ts';

/** Ends an evaluation that asked what nobody knows yet. No CelError: expressions do not recover from it. */
class Unanswered extends Error {
  readonly answered: Promise<void>;
  constructor(answered: Promise<void>) {
    super('the authorizer has not answered yet');
    this.answered = answered;
  }
}

/** The authorizer as the expressions of one request see it. Each question is asked once. */
export class ExpressionAuthorizer {
  readonly #authorizer: Authorizer;
  readonly #user: UserInfo;
  readonly #answers = new Map<string, AuthorizationAnswer>();

  constructor(authorizer: Authorizer, user: UserInfo) {
    this.#authorizer = authorizer;
    this.#user = user;
  }

  readonly answer: AnswerAuthorization = (question) => {
    const key = JSON.stringify(question);
    const known = this.#answers.get(key);
    if (known) return known;
    const decision = this.#ask(question);
    if (decision instanceof Promise) throw new Unanswered(decision.then((answer) => void this.#answers.set(key, answer)));
    this.#answers.set(key, decision);
    return decision;
  };

  /**
   * Evaluation does not wait: expressions that ask an authorizer outside this server end, and are evaluated again when it has answered. `evaluate` must
   * start afresh each time.
   */
  async settle<T>(evaluate: () => T): Promise<T> {
    for (;;) {
      try {
        return evaluate();
      } catch (e) {
        if (!(e instanceof Unanswered)) throw e;
        await e.answered;
      }
    }
  }

  #ask(question: AuthorizationQuestion): AuthorizationAnswer | Promise<AuthorizationAnswer> {
    const failed = (e: unknown): AuthorizationAnswer => ({ allowed: false, reason: '', error: e instanceof Error ? e.message : String(e) });
    const answered = ({ allowed, reason }: AuthorizationDecision): AuthorizationAnswer => ({ allowed, reason });
    try {
      const decision = this.#authorizer(attributesOf(question, this.#user));
      return decision instanceof Promise ? decision.then(answered, failed) : answered(decision);
    } catch (e) {
      return failed(e);
    }
  }
}

/** Of a named resource any version is meant. */
function attributesOf({ serviceAccount, verb, path, ...about }: AuthorizationQuestion, own: UserInfo): AuthorizationAttributes {
  const user = serviceAccount ? serviceAccountUser(serviceAccount) : own;
  if (path !== undefined) return { user, verb, path };
  const { group, resource, subresource, namespace, name } = about;
  return { user, verb, group, version: '*', resource, subresource, namespace, name };
}

function serviceAccountUser({ namespace, name }: { namespace: string; name: string }): UserInfo {
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  return { name: `system:serviceaccount:${namespace}:${name}`, groups };
}
