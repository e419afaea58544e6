import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../../base/clock.ts';
import type { Outbound, OutboundEndpoint } from '../../outbound/outbound.ts';

/** Who signs tokens, and where its keys are found. */
export interface JwtIssuer {
  /** `iss` of its tokens; `https:`. */
  readonly url: string;
  /** Where its discovery document is, when not below `url`. */
  readonly discoveryUrl?: string;
  /** PEM of the only CAs that it is trusted by; absent: those of this machine. */
  readonly caPem?: string;
}

/** After this time an issuer that did not answer is asked again, and one whose keys do not fit a token is asked for new ones. */
const PAUSE_MS = 10_000;
const TIMEOUT_MS = 10_000;
const WELL_KNOWN = '/.well-known/openid-configuration';

/** The keys of one issuer: fetched when the first token asks for them, and again when a token is signed with one that is not among them. */
export class IssuerKeys {
  readonly #issuer: JwtIssuer;
  readonly #outbound: Outbound;
  readonly #clock: Clock;
  #keys: JWTVerifyGetKey | undefined;
  #failure: Error | undefined;
  #fetching: Promise<void> | undefined;
  #fetchedMs = Number.NEGATIVE_INFINITY;

  constructor(issuer: JwtIssuer, { outbound, clock }: { outbound: Outbound; clock: Clock }) {
    this.#issuer = issuer;
    this.#outbound = outbound;
    this.#clock = clock;
  }

  /** Rejects with an Error that says why there are none. */
  async current(): Promise<JWTVerifyGetKey> {
    if (!this.#keys) await this.#fetch();
    if (!this.#keys) throw this.#failure ?? new Error('the keys were not fetched');
    return this.#keys;
  }

  /** Newer keys than those, when the issuer may be asked again already; else undefined. */
  async newerThan(known: JWTVerifyGetKey): Promise<JWTVerifyGetKey | undefined> {
    if (this.#keys === known) await this.#fetch();
    return this.#keys === known ? undefined : this.#keys;
  }

  async #fetch(): Promise<void> {
    if (!this.#fetching) {
      if (this.#clock.monotonic() - this.#fetchedMs < PAUSE_MS) return;
      this.#fetching = this.#load();
    }
    await this.#fetching;
  }

  async #load(): Promise<void> {
    try {
      this.#keys = createLocalJWKSet(await this.#keySet());
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    } finally {
      this.#fetchedMs = this.#clock.monotonic();
      this.#fetching = undefined;
    }
  }

  async #keySet(): Promise<JSONWebKeySet> {
    const { url, discoveryUrl } = this.#issuer;
    const document = (await this.#json(discoveryUrl ?? url.replace(/\/$/, '') + WELL_KNOWN)) as { issuer?: unknown; jwks_uri?: unknown };
    if (document.issuer !== url) {
      const got = JSON.stringify(document.issuer ?? '');
      throw new Error(`oidc: issuer did not match the issuer returned by provider, expected ${JSON.stringify(url)} got ${got}`);
    }
    if (typeof document.jwks_uri !== 'string') throw new Error('oidc: the discovery document names no jwks_uri');
    return (await this.#json(document.jwks_uri)) as JSONWebKeySet;
  }

  async #json(address: string): Promise<unknown> {
    const url = URL.parse(address);
    if (!url) throw new Error(`not a URL: ${address}`);
    const endpoint: OutboundEndpoint = { target: { url: address }, ...(this.#issuer.caPem && { caBundle: this.#issuer.caPem }) };
    const options = { path: url.pathname + url.search, timeoutMs: TIMEOUT_MS, signal: new AbortController().signal };
    const { code, text } = await this.#outbound.getText(endpoint, { ...options, headers: { accept: 'application/json' } });
    if (code !== 200) throw new Error(`${address} answered with status ${code}`);
    return JSON.parse(text);
  }
}
