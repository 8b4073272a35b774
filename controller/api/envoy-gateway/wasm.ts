import { secretObjectReference } from '../gateway-api/references.ts';
import { memberRules } from '../gateway-api/union-rules.ts';
import { array, boolean, json, named, oneOf, required, string, withDefault } from '../schema.ts';

const tls = named('WasmCodeSourceTLSConfig', { caCertificateRef: required(secretObjectReference) });

const code = named(
  'WasmCodeSource',
  {
    type: required(oneOf(['HTTP', 'Image'])),
    http: named('HTTPWasmCodeSource', {
      url: required(string({ pattern: '^https?:\\/\\/', patternHint: 'an http or https URL' })),
      sha256: string(),
      tls,
    }),
    image: named('ImageWasmCodeSource', {
      url: required(string({ minLength: 1 })),
      sha256: string(),
      pullSecretRef: {
        ...secretObjectReference,
        rules: [{ rule: "self.kind == 'Secret'", message: "must be 'Secret'", fieldPath: ['kind'] }],
      },
      tls,
    }),
    pullPolicy: oneOf(['IfNotPresent', 'Always']),
  },
  { rules: memberRules({ HTTP: 'http', Image: 'image' }) },
);

/** A user's Wasm filter. */
export const wasm = named('Wasm', {
  name: string(),
  rootID: string(),
  code: required(code),
  config: json(),
  failOpen: withDefault(boolean(), false),
  env: named('WasmEnv', { hostKeys: array(string()) }),
});
