import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkContent } from '../content/check-content.ts';
import { formatProblem } from '../format-problem.ts';
import { loadOnce } from './load-once.ts';

/** The users' manifests lie beside the checkout, not in it. */
const folder = fileURLToPath(new URL('../../../../shared/seeds/manifests', import.meta.url));
const isThere = existsSync(folder);

/** What does not simply parse, by the end of the file's name: lines of problems without the path, as regular expressions. */
const expectations: { readonly [file: string]: readonly RegExp[] } = {
  '000-17': [
    /^8:12: invalid YAML: "\*\*\*" is an alias of an anchor that does not exist; text that begins with '\*' needs quotes$/u,
  ],
  '001-17': [/^8:12: invalid YAML: "\*\*\*" is an alias of an anchor/u],
  '000-19': [/^1:5: must be a Kubernetes object: apiVersion is missing \(found filters\)$/u],
  '001-19': [/^1:5: must be a Kubernetes object: apiVersion is missing \(found filters\)$/u],
  '002-01': [
    /^2:1: IPAddressPool metallb-system\/ippool: kind: warning: IPAddressPool of metallb.io is not used and is ignored$/u,
    /^12:1: L2Advertisement metallb-system\/l2a: kind: warning: /u,
  ],
  '002-02': [/^1:1: invalid YAML: /u],
  '003-02': [/^18:1: Deployment myproject\/backend: kind: warning: Deployment of apps is not used and is ignored$/u],
  '003-06': [/^1:3: must be a Kubernetes object: apiVersion is missing \(found rules\)$/u],
  '003-08': [
    /^11:5: EnvoyPatchPolicy envoy-gateway-system\/ext-authz-patch-policy: spec.targetRef.namespace: unknown field \(accepted here: group, kind, name\)$/u,
  ],
  '003-09': [/^12:1: invalid YAML: .* \(the line begins with a tab; YAML is indented with blanks\)$/u],
  '003-11': [
    /^2:1: EnvoyProxy envoy-gateway-system\/custom-proxy-config: kind: unknown kind EnvoyProxy \(config.gateway.envoyproxy.io is no group .*; EnvoyProxy is in gateway.envoyproxy.io\/v1alpha1\)$/u,
  ],
  '003-12': [/^2:1: invalid YAML: tabs are not allowed as indentation/u],
  '004-01': [/^2:1: Ingress test: kind: warning: Ingress of extensions is not used and is ignored$/u],
  '004-14': [/^18:1: invalid YAML: all mapping items must start at the same column$/u],
  '004-17': [
    /^10:3: SecurityPolicy default\/scurity-policy-http-route: spec.oidc.clientSecret: must be present, is missing$/u,
    /^13:7: .* spec.oidc.provider.clientID: unknown field/u,
    /^14:7: .* spec.oidc.provider.clientSecret: unknown field/u,
    /^16:7: .* spec.oidc.provider.redirectURL: unknown field/u,
    /^17:7: .* spec.oidc.provider.logoutPath: unknown field/u,
  ],
  '004-18': [/^25:11: .* spec.wasm\[1\].code.image.pullSecretRef.sha256: unknown field/u],
  '004-20': [
    /^13:11: .* spec.extProc\[0\].backendRefs\[0\].name: must be present, is missing$/u,
    /^13:11: .* spec.extProc\[0\].backendRefs\[0\].Name: unknown field; did you mean name\?/u,
    /^14:11: .* spec.extProc\[0\].backendRefs\[0\].Port: unknown field; did you mean port\?/u,
  ],
  '004-21': [
    /^13:11: .* spec.extProc\[0\].backendRefs\[0\].name: must be present, is missing$/u,
    /^13:11: .* spec.extProc\[0\].backendRefs\[0\].Name: unknown field; did you mean name\?/u,
  ],
};

/** What a gateway would refuse in the content of an object that the schema accepts. */
const contentExpectations: { readonly [file: string]: readonly RegExp[] } = {
  '004-23': [/^line 7 of the text: gateway.extensionApis: unknown field/u],
  '004-25': [/^line 7 of the text: gateway.extensionApis: unknown field/u],
};

function shortName(file: string): string {
  return `${file.slice(0, 3)}-${file.slice(-7, -5)}`;
}

if (isThere)
  describe('the manifests of the seeds, verbatim', () => {
    const files = isThere ? readdirSync(folder).sort() : [];

    it('are the 82 that are known', () => {
      expect(files).toHaveLength(82);
    });

    it.each(files)('%s', (file) => {
      const path = join(folder, file);
      const { problems, resources } = loadOnce([path]);
      const expected = expectations[shortName(file)] ?? [];
      const lines = problems.map((problem) => formatProblem(problem).slice(path.length + 1));
      expect(lines).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
      expect(resources.size + lines.length).toBeGreaterThan(0);
      const content = [...resources.values()]
        .flatMap(({ resource }) => checkContent(resource))
        .map(({ message }) => message);
      expect(content).toEqual(
        (contentExpectations[shortName(file)] ?? []).map((pattern) => expect.stringMatching(pattern)),
      );
    });
  });

it('the seeds are beside the checkout, or their test is said to be skipped; in CI they must be there', () => {
  if (!isThere) process.stderr.write(`the seeds' manifests are not beside the checkout: their test is skipped\n`);
  expect(isThere || process.env['CI'] !== 'true').toBe(true);
});
