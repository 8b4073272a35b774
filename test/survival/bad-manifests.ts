import { EXPIRED, authority, issue } from '../tls/authority.ts';

/** A mistake, and where it is told. */
export interface BadCase {
  readonly name: string;
  readonly manifests: string;
  /** What `sluice validate` says, a line each. */
  readonly problems?: readonly string[];
  /** Conditions that say it, as `Kind Type=Status Reason: message`. */
  readonly conditions?: readonly string[];
  /** The Gateway itself cannot be read: a cold start has nothing to serve. */
  readonly isGatewayLost?: boolean;
}

const REF = 'backendRefs: [{ group: gateway.envoyproxy.io, kind: Backend, name: b }]';
const HTTPS = '    - { name: https, protocol: HTTPS, port: 8443, tls: { certificateRefs: [{ name: pair }] } }\n';

const ca = authority('ca');
const leaf = issue('leaf.example.com', { dns: ['leaf.example.com'] }, ca);
const other = issue('other.example.com');

/** A class, a Gateway with a good listener and these others, a back-end, and a good route; 26 lines and those. */
function world(listeners = ''): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: c }
spec: { controllerName: gateway.envoyproxy.io/gatewayclass-controller }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: g }
spec:
  gatewayClassName: c
  listeners:
    - { name: good, protocol: HTTP, port: 8000 }
${listeners}---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: { name: b }
spec: { endpoints: [{ ip: { address: 127.0.0.1, port: 9 } }] }
${route('good', `rules: [{ ${REF} }]`, 'hostnames: [good.example.com]')}`;
}

function route(name: string, rest: string, hostnames = 'hostnames: [other.example.com]'): string {
  return `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name} }
spec:
  parentRefs: [{ name: g }]
  ${hostnames}
  ${rest}
`;
}

function object(apiVersion: string, kind: string, spec = '{}'): string {
  return `---\napiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: bad }\nspec: ${spec}\n`;
}

function secret(certificate: string, key: string): string {
  const data = JSON.stringify({ 'tls.crt': certificate, 'tls.key': key });
  return `---\napiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\nmetadata: { name: pair }\nstringData: ${data}\n`;
}

function manyRules(rules: number, matches: number): string {
  const paths = (rule: number): string =>
    Array.from({ length: matches }, (_, match) => `{ path: { value: /${rule}/${match} } }`).join(', ');
  return `rules: [${Array.from({ length: rules }, (_, rule) => `{ matches: [${paths(rule)}], ${REF} }`).join(', ')}]`;
}

/** A certificate that cannot be shown: what the Gateway says of its listener. */
function notShown(why: string): readonly string[] {
  return [
    `Gateway ResolvedRefs=False InvalidCertificateRef: listener https: tls.certificateRefs[0]: Secret default/pair${why}`,
    'Gateway Programmed=False Invalid: See the other conditions of the listener',
  ];
}

/** Every sort of bad input, in a world that is good but for that. */
export const BAD_CASES: readonly BadCase[] = [
  {
    name: 'an unknown field',
    manifests: world() + route('bad', 'rulez: []'),
    problems: [
      '-:33:3: HTTPRoute default/bad: spec.rulez: unknown field; did you mean rules? (accepted here: parentRefs, hostnames, rules, useDefaultGateways)',
    ],
  },
  {
    name: 'a value of the wrong type',
    manifests: world() + route('bad', 'rules: [{ backendRefs: [{ name: s, port: eighty }] }]'),
    problems: [
      '-:33:38: HTTPRoute default/bad: spec.rules[0].backendRefs[0].port: must be a whole number, found "eighty"',
    ],
  },
  {
    name: 'a listener of the same name',
    manifests: world('    - { name: good, protocol: HTTP, port: 8001 }\n'),
    problems: ['-:13:7: Gateway default/g: spec.listeners[1]: must not repeat name "good", which item 0 has'],
    isGatewayLost: true,
  },
  {
    name: 'a listener of the same port, protocol and host name',
    manifests: world('    - { name: too, protocol: HTTP, port: 8000 }\n'),
    problems: ['-:11:3: Gateway default/g: spec.listeners: must differ from each other in port, protocol or hostname'],
    isGatewayLost: true,
  },
  {
    name: 'listeners of two protocols on one port',
    manifests: world(
      '    - { name: http, protocol: HTTP, port: 8002 }\n    - { name: tcp, protocol: TCP, port: 8002 }\n',
    ),
    conditions: [
      'Gateway Accepted=True ListenersNotValid: Listeners that are not accepted: http, tcp',
      ...['http', 'tcp'].flatMap(() => [
        'Gateway Conflicted=True ProtocolConflict: listeners of one object that share a port must have compatible protocols: see default/g/http, default/g/tcp',
        'Gateway Accepted=False ProtocolConflict: listeners of one object that share a port must have compatible protocols: see default/g/http, default/g/tcp',
        'Gateway Programmed=False Invalid: See the other conditions of the listener',
      ]),
    ],
  },
  {
    name: 'an unknown kind of Gateway API',
    manifests: world() + object('gateway.networking.k8s.io/v1', 'FooRoute'),
    problems: [
      '-:28:1: FooRoute bad: kind: unknown kind FooRoute (known in gateway.networking.k8s.io: GatewayClass, Gateway, ListenerSet, HTTPRoute, GRPCRoute, TLSRoute, TCPRoute, UDPRoute, ReferenceGrant, BackendTLSPolicy)',
    ],
  },
  {
    name: 'an unknown version of Gateway API',
    manifests: world() + object('gateway.networking.k8s.io/v7', 'HTTPRoute'),
    problems: [
      '-:27:1: HTTPRoute default/bad: apiVersion: unknown version gateway.networking.k8s.io/v7 of HTTPRoute (accepted: gateway.networking.k8s.io/v1, gateway.networking.k8s.io/v1beta1, gateway.networking.k8s.io/v1alpha2)',
    ],
  },
  {
    name: 'an unknown kind of Envoy Gateway',
    manifests: world() + object('gateway.envoyproxy.io/v1alpha1', 'Foo'),
    problems: [
      '-:28:1: Foo bad: kind: unknown kind Foo (known in gateway.envoyproxy.io: EnvoyProxy, ClientTrafficPolicy, BackendTrafficPolicy, SecurityPolicy, EnvoyExtensionPolicy, EnvoyPatchPolicy, Backend, HTTPRouteFilter)',
    ],
  },
  {
    name: 'a kind of somebody else, which is none of ours',
    manifests: world() + object('example.com/v1', 'Foo'),
    problems: ['-:28:1: Foo bad: kind: warning: Foo of example.com is not used and is ignored'],
  },
  {
    name: 'a bad host name',
    manifests: world() + route('bad', `rules: [{ ${REF} }]`, 'hostnames: [Bad_Host.example.com]'),
    problems: [
      `-:32:15: HTTPRoute default/bad: spec.hostnames[0]: must be a lower-case DNS name without a port, its first label may be '*', found "Bad_Host.example.com"`,
    ],
  },
  {
    name: 'a bad regular expression',
    manifests:
      world() + route('bad', `rules: [{ matches: [{ path: { type: RegularExpression, value: "/(" } }], ${REF} }]`),
    conditions: [
      'HTTPRoute Accepted=False UnsupportedValue: HTTPRoute default/bad: spec.rules[0].matches: path: found "/(": a "(" is not closed; requests that it is for are answered with 500',
    ],
  },
  {
    name: 'a certificate that is over',
    manifests: world(HTTPS) + secret(EXPIRED.certificate, EXPIRED.key),
    conditions: notShown(': tls.crt: a certificate is over since 2021-01-01T00:00:00.000Z'),
  },
  {
    name: 'a certificate with the key of another',
    manifests: world(HTTPS) + secret(leaf.certificate, other.key),
    problems: [
      '-:28:1: Secret default/pair: data["tls.key"]: must be the key of the certificate in tls.crt (CN=leaf.example.com)',
    ],
    conditions: notShown(': tls.key is not the key of tls.crt'),
  },
  {
    name: 'a chain in the wrong order',
    manifests: world(HTTPS) + secret(ca.certificate + leaf.certificate, leaf.key),
    problems: ['-:28:1: Secret default/pair: data["tls.key"]: must be the key of the certificate in tls.crt (CN=ca)'],
    conditions: notShown(': tls.crt: the certificate of tls.key is not the first of the chain'),
  },
  {
    name: 'a certificate that is not PEM',
    manifests: world(HTTPS) + secret('hello', leaf.key),
    problems: ['-:28:1: Secret default/pair: data["tls.crt"]: must be certificates in PEM'],
    conditions: notShown(': tls.crt is no PEM certificate'),
  },
  {
    name: 'a key that is not PEM',
    manifests: world(HTTPS) + secret(leaf.certificate, 'hello'),
    problems: ['-:28:1: Secret default/pair: data["tls.key"]: must be an unencrypted private key in PEM'],
    conditions: notShown(': tls.key is no PEM private key'),
  },
  {
    name: 'a Secret that is not there',
    manifests: world(HTTPS),
    problems: [
      '-:13:76: Gateway default/g: spec.listeners[1].tls.certificateRefs[0]: warning: Secret default/pair is not in what was read',
    ],
    conditions: notShown(' does not exist'),
  },
  {
    name: 'port 0',
    manifests: world('    - { name: zero, protocol: HTTP, port: 0 }\n'),
    problems: ['-:13:37: Gateway default/g: spec.listeners[1].port: must be 1 to 65535, found 0'],
    isGatewayLost: true,
  },
  {
    name: 'port 70000',
    manifests: world('    - { name: large, protocol: HTTP, port: 70000 }\n'),
    problems: ['-:13:38: Gateway default/g: spec.listeners[1].port: must be 1 to 65535, found 70000'],
    isGatewayLost: true,
  },
  {
    name: '64 rules of 64 matches',
    manifests: world() + route('bad', manyRules(64, 64)),
    problems: ['-:33:3: HTTPRoute default/bad: spec.rules: must have at most 16 items, found 64'],
  },
  { name: 'no mistake: 16 rules of 8 matches', manifests: world() + route('bad', manyRules(16, 8)) },
  {
    name: 'a regular expression of 4,096 characters for a path',
    manifests:
      world() +
      route(
        'bad',
        `rules: [{ matches: [{ path: { type: RegularExpression, value: /${'a'.repeat(4095)} } }], ${REF} }]`,
      ),
    problems: [
      '-:33:58: HTTPRoute default/bad: spec.rules[0].matches[0].path.value: must have at most 1024 characters, found 4096',
    ],
  },
  {
    name: 'no mistake: a regular expression of 4,096 characters for a header',
    manifests:
      world() +
      route(
        'bad',
        `rules: [{ matches: [{ headers: [{ type: RegularExpression, name: x, value: "${'(a|b)'.repeat(819)}a" }] }], ${REF} }]`,
      ),
  },
  {
    name: 'no mistake: routes for the same requests, of which the first by name has them',
    manifests: world() + route('later', `rules: [{ ${REF} }]`, 'hostnames: [good.example.com]'),
  },
  {
    name: 'a TCPRoute of several rules',
    manifests:
      world('    - { name: tcp, protocol: TCP, port: 8003 }\n') +
      object(
        'gateway.networking.k8s.io/v1alpha2',
        'TCPRoute',
        `{ parentRefs: [{ name: g, sectionName: tcp }], rules: [{ ${REF} }, { ${REF} }] }`,
      ),
    problems: ['-:31:54: TCPRoute default/bad: spec.rules: must have one rule, found 2'],
    conditions: [
      'TCPRoute Accepted=False InvalidRule: spec.rules: found 2 rules, accepted is one: nothing decides between them',
    ],
  },
  {
    name: 'a GRPCRoute for a host name that an HTTPRoute has, which comes later by name',
    manifests:
      world() +
      route('abad', `rules: [{ ${REF} }]`) +
      object(
        'gateway.networking.k8s.io/v1',
        'GRPCRoute',
        `{ parentRefs: [{ name: g }], hostnames: [other.example.com], rules: [{ ${REF} }] }`,
      ),
    conditions: [
      'GRPCRoute Accepted=False HostnameConflict: HTTPRoute default/abad, which is older, has host names of this route on the same listeners: calls and requests for one host are routed by routes of one kind, and what this one is for is closed',
    ],
  },
];
