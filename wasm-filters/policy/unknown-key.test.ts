import { fromBinary } from '@bufbuild/protobuf';
import { beforeEach, describe, expect, it } from 'vitest';
import { schema } from '#proto/load.ts';
import { compilePolicy } from '../build.ts';
import { type FilterHost, loadFilter } from '../testing/filter-host.ts';
import { ALGORITHM, issuer } from '../testing/issuer.ts';
import { encodePolicy, onRoute } from '../testing/policy-bytes.ts';
import { grpcAnswer, messageOf } from '../testing/sidecar-answer.ts';

const ISSUER = 'https://issuer.example';
const signer = issuer('ES256', 'known');
const rotated = issuer('ES256', 'rotated');

let seconds = 1_800_000_000;
let host: FilterHost;
beforeEach(async () => {
  host = await loadFilter(await compilePolicy(), { now: () => seconds * 1000, pluginName: 'sluice.policy' });
  host.configure(new Uint8Array());
});

function policyOf(keySet: string) {
  const keys = [{ kid: signer.kid, algorithm: ALGORITHM.ES256, spki: signer.spki }];
  const bearer = { source: { case: 'header', value: { name: 'authorization', prefix: 'Bearer ' } } } as const;
  return encodePolicy({ jwt: { providers: [{ name: 'p', issuer: ISSUER, keys, sources: [bearer], keySet }] } });
}

/** Brings a token: the status of the answer, 0 when the request goes on. */
function ask(token: string, keySet = 'set-1'): number {
  const headers = [
    [':path', '/'],
    ['authorization', `Bearer ${token}`],
  ] as const;
  const result = host.request({ headers, properties: onRoute(policyOf(keySet)) });
  return result.kind === 'response' ? result.status : 0;
}

/** The key sets that were reported, each call answered. */
function reported(): readonly string[] {
  return host.calls().map((call) => {
    expect(call.headers).toContainEqual([':path', '/sluice.sidecar.v1.Sidecar/ReportUnknownKey']);
    host.answer(call.token, grpcAnswer(new Uint8Array()));
    return fromBinary(schema('sluice.sidecar.v1.ReportUnknownKeyRequest'), messageOf(call)).keySet;
  });
}

describe('a token that names a key which its key set has not', () => {
  it('is refused at once, and its key set is reported', () => {
    expect(ask(rotated.token({ iss: ISSUER }))).toBe(401);
    expect(reported()).toEqual(['set-1']);
  });

  it('is reported once a second, whatever it names', () => {
    for (let index = 0; index < 50; index += 1) ask(rotated.token({ iss: ISSUER }, { kid: `made-up-${index}` }));
    expect(reported()).toEqual(['set-1']);
    seconds += 1;
    ask(rotated.token({ iss: ISSUER }));
    ask(rotated.token({ iss: ISSUER }), 'set-2');
    expect(reported()).toEqual(['set-1', 'set-2']);
  });

  it.each([
    ['its keys were not fetched', rotated.token({ iss: ISSUER }), ''],
    ['it is of another issuer', rotated.token({ iss: 'https://other.example' }), 'set-1'],
    ['it names no key', rotated.token({ iss: ISSUER }, { kid: undefined }), 'set-1'],
    ['its key is known, and did not sign it', rotated.token({ iss: ISSUER }, { kid: 'known' }), 'set-1'],
    ['it is too old', rotated.token({ iss: ISSUER, exp: 1 }), 'set-1'],
  ])('is not reported when %s', (_, token, keySet) => {
    expect(ask(token, keySet)).toBe(401);
    expect(reported()).toEqual([]);
  });

  it('does not depend on a sidecar being there', () => {
    expect(ask(rotated.token({ iss: ISSUER }))).toBe(401);
    for (const { token } of host.calls()) host.answer(token, grpcAnswer(new Uint8Array(), 14));
    expect(ask(signer.token({ iss: ISSUER }))).toBe(0);
  });
});
