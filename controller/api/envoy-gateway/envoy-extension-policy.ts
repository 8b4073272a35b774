import { localObjectReference } from '../gateway-api/references.ts';
import { policyStatus } from '../gateway-api/status.ts';
import { memberRules } from '../gateway-api/union-rules.ts';
import { defineKind } from '../kind.ts';
import { array, boolean, json, named, oneOf, required, string, withDefault } from '../schema.ts';
import { extProc } from './ext-proc.ts';
import { mergeType, policyTargetFields, policyTargetRules } from './policy-targets.ts';
import { wasm } from './wasm.ts';

const lua = named(
  'Lua',
  {
    type: withDefault(oneOf(['Inline', 'ValueRef']), 'Inline'),
    inline: string(),
    valueRef: {
      ...localObjectReference,
      rules: [
        {
          rule: "self.kind == 'ConfigMap' && self.group in ['', 'v1']",
          message: 'must be a ConfigMap of the core group',
          fieldPath: ['kind'],
        },
      ],
    },
    filterContext: json(),
  },
  { rules: memberRules({ Inline: 'inline', ValueRef: 'valueRef' }) },
);

const dynamicModule = named('DynamicModule', {
  name: required(string({ minLength: 1, maxLength: 253, pattern: '^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$' })),
  filterName: string({ maxLength: 253 }),
  config: json(),
  terminalFilter: withDefault(boolean(), false),
});

const routeKinds = ['HTTPRoute', 'GRPCRoute', 'UDPRoute', 'TCPRoute', 'TLSRoute'];

const spec = named(
  'EnvoyExtensionPolicySpec',
  {
    ...policyTargetFields,
    mergeType,
    wasm: array(wasm, { maxItems: 16 }),
    extProc: array(extProc, { maxItems: 16 }),
    lua: array(lua, { maxItems: 16 }),
    dynamicModule: array(dynamicModule, { maxItems: 16 }),
  },
  { rules: policyTargetRules(['Gateway', 'ListenerSet', ...routeKinds], routeKinds) },
);

/** EnvoyExtensionPolicy: users' own filters on what it targets. */
export const envoyExtensionPolicy = defineKind({
  group: 'gateway.envoyproxy.io',
  kind: 'EnvoyExtensionPolicy',
  plural: 'envoyextensionpolicies',
  shortNames: ['eep'],
  categories: ['envoy-gateway'],
  storageVersion: 'v1alpha1',
  body: { spec: required(spec), status: policyStatus },
});
