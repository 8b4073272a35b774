import { describe, expect, it } from 'vitest';
import { ResourceStore } from '../../resources/store.ts';
import type { DiscoveryWant } from '../../resources/wants.ts';
import { discoverProvider, parseDiscovery } from './discovery.ts';

const ISSUER = 'https://login.example/realm';
const GOOD = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/auth`,
  token_endpoint: `${ISSUER}/token`,
  jwks_uri: `${ISSUER}/keys`,
};
const want: DiscoveryWant = {
  kind: 'Discovery',
  issuer: ISSUER,
  url: `${ISSUER}/.well-known/openid-configuration`,
  refresh: 1,
  retry: 1,
};

describe('a discovery document', () => {
  it('tells the endpoints of its issuer', () => {
    const text = JSON.stringify({ ...GOOD, end_session_endpoint: `${ISSUER}/end`, more: [1] });
    expect(parseDiscovery(text, ISSUER)).toEqual({
      ok: true,
      value: {
        authorizationEndpoint: `${ISSUER}/auth`,
        tokenEndpoint: `${ISSUER}/token`,
        endSessionEndpoint: `${ISSUER}/end`,
        jwksUri: `${ISSUER}/keys`,
      },
    });
  });

  it.each([
    ['of another issuer', { issuer: 'https://other.example' }, /^issuer: found "https:\/\/other/u],
    ['of an issuer that is nearly the same', { issuer: `${ISSUER}/` }, /^issuer: /u],
    ['of no issuer', { issuer: undefined }, /^issuer: /u],
    ['without a token endpoint', { token_endpoint: undefined }, /^token_endpoint: found none/u],
    ['with an endpoint that is no URL', { authorization_endpoint: 'auth' }, /^authorization_endpoint: /u],
    ['with an endpoint of another scheme', { authorization_endpoint: 'javascript:x' }, /^authorization_endpoint: /u],
    ['with an endpoint in the clear', { token_endpoint: 'http://login.example/' }, /accepted is an https URL/u],
    ['with keys that are no text', { jwks_uri: 1 }, /^jwks_uri: /u],
    ['with an end of sessions that is no URL', { end_session_endpoint: {} }, /^end_session_endpoint: /u],
  ])('%s is refused', (_, change, message) => {
    const found = parseDiscovery(JSON.stringify({ ...GOOD, ...change }), ISSUER);
    expect(found.ok ? '' : found.refusal.message).toMatch(message);
  });

  it.each(['', '[]', '"a"', 'null', '<html>'])('that is %j is refused', (text) => {
    expect(parseDiscovery(text, ISSUER).ok).toBe(false);
  });
});

describe('an issuer', () => {
  it('is pending until it has answered, and tells why it has not', () => {
    const store = new ResourceStore();
    const pending = (message: RegExp) => ({
      ok: false,
      refusal: { reason: 'Pending', message: expect.stringMatching(message) },
    });
    expect(discoverProvider(ISSUER, 'issuer', store)).toEqual(pending(/^issuer: .* has not been fetched yet$/u));
    store.setAnswer(want, { answer: undefined, failure: 'down' });
    expect(discoverProvider(ISSUER, 'issuer', store)).toEqual(pending(/^issuer: down$/u));
    store.setAnswer(want, { answer: { kind: 'document', text: JSON.stringify(GOOD) }, failure: 'down again' });
    expect(discoverProvider(ISSUER, 'issuer', store)).toMatchObject({ ok: true });
  });

  it('with a slash at its end is asked at the same place, and must say so itself', () => {
    const store = new ResourceStore();
    const slashed = { ...want, issuer: `${ISSUER}/` };
    store.setAnswer(slashed, { answer: { kind: 'document', text: JSON.stringify(GOOD) }, failure: undefined });
    expect(discoverProvider(`${ISSUER}/`, 'issuer', store)).toMatchObject({ refusal: { reason: 'Invalid' } });
  });

  it.each(['nope', 'file:///a', 'https://u:p@a.example', 'https://a.example/?a', 'https://a.example/#a'])(
    'that is %s is refused',
    (issuer) => {
      expect(discoverProvider(issuer, 'issuer', new ResourceStore())).toMatchObject({ refusal: { reason: 'Invalid' } });
    },
  );

  it('is assumed to have answered where there is no network', () => {
    const store = new ResourceStore({ assumeAnswers: true });
    expect(discoverProvider(ISSUER, 'issuer', store)).toMatchObject({ ok: true });
  });
});
