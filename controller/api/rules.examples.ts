/** What rules accept and refuse, by their message: examples of `self`, just large enough for the rule. */
export type RuleExamples = {
  readonly message: string | RegExp;
  readonly accepts: readonly unknown[];
  readonly refuses: readonly unknown[];
};

const listener = (more: object) => ({ name: 'a', port: 1, protocol: 'HTTP', ...more });
const gw = 'gateway.networking.k8s.io';
const parent = (more: object) => ({ group: gw, kind: 'Gateway', name: 'a', ...more });
const prefix = { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } };
const matches = (type: string, count = 1) => Array.from({ length: count }, () => ({ path: { type, value: '/' } }));
const redirecting = { filters: [{ type: 'RequestRedirect', requestRedirect: prefix }] };
const rewriting = { filters: [{ type: 'URLRewrite', urlRewrite: prefix }] };
const path = (value: string) => ({ type: 'Exact', value });
const twice = (type: string) => ({
  message: `must not have ${type} more than once`,
  accepts: [[{ type }], []],
  refuses: [[{ type }, { type }]],
});
const service = { group: '', kind: 'Service', name: 'a' };
const exactlyOne = (message: string, ...fields: readonly string[]): RuleExamples => ({
  message,
  accepts: fields.map((field) => ({ [field]: {} })),
  refuses: [{}, Object.fromEntries(fields.map((field) => [field, {}]))],
});
const atLeastOne = (message: string, ...fields: readonly string[]): RuleExamples => ({
  message,
  accepts: [...fields.map((field) => ({ [field]: {} })), Object.fromEntries(fields.map((field) => [field, {}]))],
  refuses: [{}],
});
const atMostOne = (message: string, first: string, second: string): RuleExamples => ({
  message,
  accepts: [{}, { [first]: {} }, { [second]: {} }],
  refuses: [{ [first]: {}, [second]: {} }],
});
const body = (side: string, mode: string) => ({ processingMode: { [side]: { body: mode } } });

const gatewayApi: readonly RuleExamples[] = [
  {
    message: 'must not have tls in a listener whose protocol is HTTP, TCP or UDP',
    accepts: [[listener({}), listener({ protocol: 'HTTPS', tls: {} })]],
    refuses: [[listener({ tls: {} })], [listener({ protocol: 'UDP', tls: {} })]],
  },
  {
    message: 'must have tls.mode Terminate in a listener whose protocol is HTTPS',
    accepts: [[listener({ protocol: 'HTTPS', tls: { mode: 'Terminate' } })]],
    refuses: [[listener({ protocol: 'HTTPS', tls: { mode: 'Passthrough' } })]],
  },
  {
    message: 'must have tls in a listener whose protocol is TLS',
    accepts: [[listener({ protocol: 'TLS', tls: {} })], [listener({})]],
    refuses: [[listener({ protocol: 'TLS' })]],
  },
  {
    message: 'must not have a hostname in a listener whose protocol is TCP or UDP',
    accepts: [[listener({ hostname: 'a.b' }), listener({ protocol: 'TCP' })]],
    refuses: [[listener({ protocol: 'TCP', hostname: 'a.b' })]],
  },
  {
    message: 'must differ from each other in port, protocol or hostname',
    accepts: [
      [
        listener({}),
        listener({ hostname: 'a' }),
        listener({ hostname: 'b' }),
        listener({ port: 2 }),
        listener({ protocol: 'TCP' }),
      ],
    ],
    refuses: [
      [listener({}), listener({})],
      [listener({ hostname: 'a' }), listener({ hostname: 'a' })],
    ],
  },
  {
    message: 'must name at least one certificate when mode is Terminate',
    accepts: [
      { mode: 'Terminate', certificateRefs: [{}] },
      { mode: 'Terminate', options: { a: 'b' } },
      { mode: 'Passthrough' },
    ],
    refuses: [{ mode: 'Terminate' }, { mode: 'Terminate', certificateRefs: [], options: {} }],
  },
  {
    message: 'must have values with In and NotIn, and none with Exists and DoesNotExist',
    accepts: [{ operator: 'In', values: ['a'] }, { operator: 'Exists' }],
    refuses: [{ operator: 'In' }, { operator: 'Exists', values: ['a'] }],
  },
  {
    message: 'must not name the same address twice',
    accepts: [
      [
        { type: 'IPAddress', value: '::1' },
        { type: 'Hostname', value: '::1' },
        { type: 'IPAddress' },
        { type: 'IPAddress' },
      ],
    ],
    refuses: [
      [
        { type: 'IPAddress', value: '::1' },
        { type: 'IPAddress', value: '::1' },
      ],
    ],
  },
  {
    message: 'must be an IPv4 or IPv6 address when type is IPAddress',
    accepts: [{ type: 'IPAddress', value: '10.0.0.1' }, { type: 'IPAddress' }, { type: 'Hostname', value: 'a' }],
    refuses: [{ type: 'IPAddress', value: 'a' }],
  },
  {
    message: 'must be a lower-case DNS name when type is Hostname',
    accepts: [
      { type: 'Hostname', value: '*.a.b' },
      { type: 'IPAddress', value: '_' },
    ],
    refuses: [
      { type: 'Hostname', value: 'A' },
      { type: 'Hostname', value: 'a.*' },
    ],
  },
  {
    message: 'must all name a sectionName (or all a port) where several refer to the same parent',
    accepts: [[parent({ sectionName: 'a' }), parent({ sectionName: 'b' }), parent({ namespace: 'c' })]],
    refuses: [
      [parent({ sectionName: 'a' }), parent({})],
      [parent({ port: 1 }), parent({ sectionName: 'a' })],
    ],
  },
  {
    message: 'must not refer to the same part of a parent twice',
    accepts: [
      [parent({ sectionName: 'a' }), parent({ sectionName: 'b' })],
      [parent({}), parent({ namespace: 'b' })],
    ],
    refuses: [
      [parent({}), parent({})],
      [parent({ sectionName: 'a', port: 1 }), parent({ sectionName: 'a', port: 1 })],
    ],
  },
  {
    message: 'must have at most 128 matches over all rules',
    accepts: [[{ matches: matches('Exact', 64) }, { matches: matches('Exact', 64) }], []],
    refuses: [[{ matches: matches('Exact', 64) }, { matches: matches('Exact', 65) }]],
  },
  {
    message: 'must have names that differ',
    accepts: [[{ name: 'a' }, { name: 'b' }, {}, {}]],
    refuses: [[{ name: 'a' }, { name: 'a' }]],
  },
  {
    message: 'must be absent when a filter redirects',
    accepts: [{ backendRefs: [{}], filters: [{ cors: {} }] }, { backendRefs: [], ...redirecting }, redirecting],
    refuses: [{ backendRefs: [{}], ...redirecting }],
  },
  ...['requestRedirect', 'urlRewrite'].flatMap((filter) => {
    const step = filter === 'urlRewrite' ? rewriting : redirecting;
    return [
      {
        message: `must have exactly one match, of type PathPrefix, when ${filter} replaces the prefix`,
        accepts: [{ ...step, matches: matches('PathPrefix') }, { matches: matches('Exact', 2) }],
        refuses: [
          { ...step, matches: matches('Exact') },
          { ...step, matches: matches('PathPrefix', 2) },
        ],
      },
      {
        message: `must have exactly one match, of type PathPrefix, when ${filter} of a back-end replaces the prefix`,
        accepts: [
          { backendRefs: [step], matches: matches('PathPrefix') },
          { backendRefs: [{}], matches: matches('Exact') },
        ],
        refuses: [{ backendRefs: [{}, step], matches: matches('Exact') }],
      },
    ];
  }),
  {
    message: /^must start with '\/'/u,
    accepts: [path('/a'), { type: 'RegularExpression', value: 'a' }],
    refuses: [path('a')],
  },
  { message: "must not contain '//'", accepts: [path('/a')], refuses: [path('/a//b')] },
  { message: "must not contain a '.' segment", accepts: [path('/a.b')], refuses: [path('/a/./b'), path('/a/.')] },
  { message: "must not contain a '..' segment", accepts: [path('/a..b')], refuses: [path('/a/../b'), path('/a/..')] },
  {
    message: "must not contain an escaped '/' (%2F)",
    accepts: [path('/a%20')],
    refuses: [path('/a%2F'), path('/a%2f')],
  },
  { message: "must not contain '#'", accepts: [path('/a')], refuses: [path('/a#b')] },
  {
    message: /^must consist of characters that a URL path/u,
    accepts: [path('/a-b_c~%20')],
    refuses: [path('/a b'), path('/ä'), path('/%zz')],
  },
  {
    message: 'must not have both RequestRedirect and URLRewrite',
    accepts: [[{ type: 'URLRewrite' }]],
    refuses: [[{ type: 'URLRewrite' }, { type: 'RequestRedirect' }]],
  },
  ...['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestRedirect', 'URLRewrite', 'CORS'].map(twice),
  atMostOne('must have percent or fraction, not both', 'percent', 'fraction'),
  {
    message: 'must name the port of the Service',
    accepts: [
      { ...service, port: 80 },
      { ...service, group: 'gateway.envoyproxy.io', kind: 'Backend' },
    ],
    refuses: [service],
  },
  {
    message: 'must not exceed the denominator',
    accepts: [{ numerator: 1, denominator: 1 }],
    refuses: [{ numerator: 2, denominator: 1 }],
  },
  {
    message: "must be 'ReplaceFullPath' here",
    accepts: [{ type: 'ReplaceFullPath' }],
    refuses: [{ type: 'ReplacePrefixMatch' }],
  },
  { message: "must have '*' alone or not at all", accepts: [['*'], ['a', 'b']], refuses: [['*', 'a']] },
  {
    message: 'must not be longer than request',
    accepts: [{ request: '1s', backendRequest: '1000ms' }, { request: '0s', backendRequest: '1m' }, { request: '1s' }],
    refuses: [{ request: '1s', backendRequest: '1001ms' }],
  },
  {
    message: 'must be absent unless type is Cookie',
    accepts: [{ type: 'Cookie', cookieConfig: {} }, { type: 'Header' }],
    refuses: [{ type: 'Header', cookieConfig: {} }],
  },
  {
    message: 'must be present when cookieConfig.lifetimeType is Permanent',
    accepts: [
      { cookieConfig: { lifetimeType: 'Permanent' }, absoluteTimeout: '1h' },
      { cookieConfig: { lifetimeType: 'Session' } },
    ],
    refuses: [{ cookieConfig: { lifetimeType: 'Permanent' } }],
  },
  atLeastOne('must have service, method or both', 'service', 'method'),
  {
    message: 'must be the name of a gRPC service when type is Exact',
    accepts: [
      { type: 'Exact', service: 'a.b_c.D1' },
      { type: 'RegularExpression', service: '.*' },
    ],
    refuses: [{ type: 'Exact', service: 'a-b' }],
  },
  {
    message: 'must be the name of a gRPC method when type is Exact',
    accepts: [{ type: 'Exact', method: 'Get_1' }],
    refuses: [{ type: 'Exact', method: 'a/b' }],
  },
  { message: 'must be names, not IP addresses', accepts: [['a.b']], refuses: [['1.2.3.4']] },
  {
    message: 'must all name a sectionName where several refer to the same target',
    accepts: [[parent({ sectionName: 'a' }), parent({ sectionName: 'b' })]],
    refuses: [[parent({ sectionName: 'a' }), parent({})]],
  },
  {
    message: 'must not refer to the same part of a target twice',
    accepts: [[parent({ sectionName: 'a' }), parent({ sectionName: 'b' })]],
    refuses: [[parent({}), parent({})]],
  },
  {
    message: 'must have exactly one of caCertificateRefs and wellKnownCACertificates',
    accepts: [{ caCertificateRefs: [{}] }, { wellKnownCACertificates: 'System', caCertificateRefs: [] }],
    refuses: [{}, { caCertificateRefs: [{}], wellKnownCACertificates: 'System' }],
  },
];

const proxies: readonly RuleExamples[] = [
  {
    message: 'must be absent when mergeGateways is true',
    accepts: [{ mergeGateways: false, mergeBackends: {} }, { mergeGateways: true }],
    refuses: [{ mergeGateways: true, mergeBackends: {} }],
  },
  {
    message: 'must be absent when envoyDeployment or envoyHpa is present',
    accepts: [{ envoyDaemonSet: {} }, { envoyDeployment: {}, envoyHpa: {} }],
    refuses: [{ envoyDaemonSet: {}, envoyHpa: {} }],
  },
  {
    message: 'must be absent unless type is LoadBalancer',
    accepts: [
      { type: 'LoadBalancer', allocateLoadBalancerNodePorts: true, loadBalancerSourceRanges: [], loadBalancerIP: '' },
      { type: 'NodePort' },
    ],
    refuses: [
      { type: 'NodePort', allocateLoadBalancerNodePorts: true, loadBalancerSourceRanges: [], loadBalancerIP: '' },
    ],
  },
  {
    message: 'must not be below minReplicas',
    accepts: [{ minReplicas: 1, maxReplicas: 1 }, { maxReplicas: 1 }],
    refuses: [{ minReplicas: 2, maxReplicas: 1 }],
  },
  exactlyOne('must have exactly one of minAvailable and maxUnavailable', 'minAvailable', 'maxUnavailable'),
  atLeastOne('must have text or json', 'text', 'json'),
  {
    message: 'must have text when type is Text, json when type is JSON, and not the other',
    accepts: [
      { type: 'Text', text: '' },
      { type: 'JSON', json: {} },
      { text: '', json: {} },
    ],
    refuses: [
      { type: 'Text', json: {} },
      { type: 'JSON', json: {}, text: '' },
    ],
  },
  { message: 'must be absent; use backendRefs', accepts: [{}], refuses: [{ backendRef: {} }] },
  {
    message: 'must each be a Service or Backend',
    accepts: [{}, { backendRefs: [service] }],
    refuses: [{ backendRefs: [{ group: '', kind: 'Pod' }] }, { backendRefs: [{ group: 'a', kind: 'Service' }] }],
  },
  {
    message: 'must name at least one back-end',
    accepts: [{ backendRefs: [service] }],
    refuses: [{}, { backendRefs: [] }],
  },
  {
    message: 'must be absent unless type is HTTP',
    accepts: [{ type: 'HTTP', http: {} }, { type: 'TCP' }],
    refuses: [{ type: 'TCP', http: {} }],
  },
  {
    message: 'must have loadBalancer.type Random or RoundRobin with connection.preconnect.predictivePercent',
    accepts: [{}, { connection: { preconnect: { predictivePercent: 100 } }, loadBalancer: { type: 'Random' } }],
    refuses: [{ connection: { preconnect: { predictivePercent: 100 } } }],
  },
  {
    message: 'must be absent with type Random, ConsistentHash or DynamicModule',
    accepts: [{ type: 'RoundRobin', slowStart: {} }, { type: 'Random' }],
    refuses: [{ type: 'Random', slowStart: {} }],
  },
  {
    message: 'must not have preferLocal with type ConsistentHash or BackendUtilization',
    accepts: [
      { type: 'Random', zoneAware: { preferLocal: {} } },
      { type: 'ConsistentHash', zoneAware: {} },
    ],
    refuses: [{ type: 'ConsistentHash', zoneAware: { preferLocal: {} } }],
  },
  {
    message: 'must have neither zoneAware nor endpointOverride with type DynamicModule',
    accepts: [{ type: 'DynamicModule' }, { type: 'Random', zoneAware: {} }],
    refuses: [{ type: 'DynamicModule', zoneAware: {} }],
  },
  { message: 'must be longer than 0s', accepts: ['1ms'], refuses: ['0s'] },
  atMostOne('must have preferLocal or weightedZones, not both', 'preferLocal', 'weightedZones'),
  {
    message: 'must be absent unless type is GRPC',
    accepts: [{ type: 'GRPC', grpc: {} }, { type: 'TCP' }],
    refuses: [{ type: 'TCP', grpc: {} }],
  },
  {
    message: 'must be absent unless method is POST or PUT',
    accepts: [{ requestBody: {}, method: 'put' }, {}],
    refuses: [{ requestBody: {} }, { requestBody: {}, method: 'GET' }],
  },
  {
    message: 'must name failures and successes, or neither',
    accepts: [[], ['Failure', 'Success']],
    refuses: [['Failure']],
  },
  {
    message: 'must be shorter than interval',
    accepts: [{ timeout: '1s', interval: '2s' }, { timeout: '1s' }],
    refuses: [{ timeout: '2s', interval: '2s' }],
  },
  {
    message: 'must have backendRefs or the older host',
    accepts: [{ host: 'a' }, { backendRefs: [service] }],
    refuses: [{}, { backendRefs: [] }],
  },
  atMostOne('must have resourceAttributes or the older resources, not both', 'resources', 'resourceAttributes'),
  atMostOne('must have samplingRate or samplingFraction, not both', 'samplingRate', 'samplingFraction'),
  {
    message: 'must be absent unless type is OpenTelemetry',
    accepts: [{ type: 'OpenTelemetry', openTelemetry: {} }, { type: 'Zipkin' }],
    refuses: [{ type: 'Zipkin', openTelemetry: {} }],
  },
  {
    message: 'must be absent unless type is TraceIdRatio or ParentBasedTraceIdRatio',
    accepts: [{ type: 'TraceIdRatio', samplingPercentage: {} }, { type: 'AlwaysOn' }],
    refuses: [{ type: 'AlwaysOn', samplingPercentage: {} }],
  },
  {
    message: 'must have an entry when type is JSONPatch',
    accepts: [{ type: 'JSONPatch', jsonPatches: [{}] }, { type: 'Merge' }],
    refuses: [{ type: 'JSONPatch', jsonPatches: [] }, { type: 'JSONPatch' }],
  },
  {
    message: 'must be present unless type is JSONPatch',
    accepts: [{ type: 'JSONPatch' }, { type: 'Merge', value: '' }],
    refuses: [{ type: 'Merge' }],
  },
  exactlyOne('must have exactly one of before and after', 'before', 'after'),
  {
    message: 'must be absent when minVersion is 1.3, whose ciphers cannot be chosen',
    accepts: [{ minVersion: '1.2', ciphers: [] }, { minVersion: '1.3' }, { ciphers: [] }],
    refuses: [{ minVersion: '1.3', ciphers: [] }],
  },
  {
    message: 'must not be below minVersion (1.2 where that is absent)',
    accepts: [
      { maxVersion: '1.2' },
      { minVersion: '1.0', maxVersion: '1.1' },
      { minVersion: '1.3', maxVersion: 'Auto' },
      {},
    ],
    refuses: [{ maxVersion: '1.1' }, { minVersion: '1.3', maxVersion: '1.2' }],
  },
  atLeastOne(
    'must have at least one of cityDbSource, countryDbSource, asnDbSource, ispDbSource, anonymousIpDbSource',
    'cityDbSource',
  ),
];

const policies: readonly RuleExamples[] = [
  {
    message: /^must have targetRefs, the older targetRef or targetSelectors/u,
    accepts: [{ targetRef: {} }, { targetRefs: [] }, { targetSelectors: [{}] }],
    refuses: [{}, { targetSelectors: [] }, { targetRef: {}, targetRefs: [] }],
  },
  {
    message: "must be 'gateway.networking.k8s.io'",
    accepts: [{ targetRef: { group: gw }, group: gw }],
    refuses: [{ targetRef: { group: '' }, group: '' }],
  },
  {
    message: /^must each have a group that is/u,
    accepts: [{}, { targetRefs: [{ group: gw }] }],
    refuses: [{ targetRefs: [{ group: gw }, { group: '' }] }],
  },
  {
    message: /^must be one of Gateway, ListenerSet/u,
    accepts: [{}, { targetRef: { kind: 'Gateway' } }],
    refuses: [{ targetRef: { kind: 'Service' } }],
  },
  {
    message: /^must each have a kind that is one of/u,
    accepts: [{}, { targetRefs: [{ kind: 'Gateway' }] }],
    refuses: [{ targetRefs: [{ kind: 'Service' }] }],
  },
  {
    message: /^must be absent unless every target is one of HTTPRoute/u,
    accepts: [{}, { mergeType: 'JSONMerge', targetRefs: [{ kind: 'HTTPRoute' }] }],
    refuses: [
      { mergeType: 'JSONMerge', targetRefs: [{ kind: 'HTTPRoute' }, { kind: 'Gateway' }] },
      { mergeType: 'JSONMerge', targetRef: { kind: 'Gateway' } },
      { mergeType: 'JSONMerge', targetSelectors: [{ kind: 'Gateway' }] },
    ],
  },
  {
    message: 'must be present when from is Selector',
    accepts: [{ from: 'Selector', selector: {} }, { from: 'All' }],
    refuses: [{ from: 'Selector' }],
  },
  exactlyOne(
    'must have exactly one of xForwardedFor, customHeader and directSourceIP',
    'xForwardedFor',
    'customHeader',
    'directSourceIP',
  ),
  exactlyOne('must have exactly one of numTrustedHops and trustedCIDRs', 'numTrustedHops', 'trustedCIDRs'),
  {
    message: 'must be absent or false unless mode is VerifyIfGiven or RequireAndVerify',
    accepts: [
      { allowExpiredCertificate: true, mode: 'VerifyIfGiven' },
      { allowExpiredCertificate: true },
      { mode: 'Request' },
    ],
    refuses: [{ allowExpiredCertificate: true, mode: 'Request' }],
  },
  atMostOne('must have requestID or the older preserveXRequestID, not both', 'requestID', 'preserveXRequestID'),
  {
    message: 'must be absent unless mode is AppendForward or SanitizeSet',
    accepts: [{ certDetailsToAdd: ['URI'], mode: 'SanitizeSet' }, { certDetailsToAdd: [] }],
    refuses: [{ certDetailsToAdd: ['URI'] }, { certDetailsToAdd: ['URI'], mode: 'Sanitize' }],
  },
  {
    message: 'must be absent without value',
    accepts: [{ closeDelay: '1s', value: 1 }, {}],
    refuses: [{ closeDelay: '1s' }],
  },
  atMostOne('must have compressor or the older compression, not both', 'compression', 'compressor'),
  {
    message: 'must be absent when httpUpgrade has an entry',
    accepts: [{ requestBuffer: {}, httpUpgrade: [] }, { httpUpgrade: [{}] }],
    refuses: [{ requestBuffer: {}, httpUpgrade: [{}] }],
  },
  {
    message: 'must be absent unless every target is a Gateway, ListenerSet, HTTPRoute or GRPCRoute',
    accepts: [{ admissionControl: {}, targetRefs: [{ kind: 'Gateway' }] }, { targetRefs: [{ kind: 'TCPRoute' }] }],
    refuses: [{ admissionControl: {}, targetRefs: [{ kind: 'TCPRoute' }] }],
  },
  atLeastOne(
    'must have at least one of headers, methods, path, sourceCIDR and queryParams',
    'headers',
    'methods',
    'path',
    'sourceCIDR',
    'queryParams',
  ),
  atMostOne('must have number or metadata, not both', 'number', 'metadata'),
  {
    message: /^must not have cost.response/u,
    accepts: [[{}, { cost: { request: {} } }]],
    refuses: [[{ cost: { response: {} } }]],
  },
  {
    message: /^must not have limit.fromMetadata/u,
    accepts: [[{ limit: {} }]],
    refuses: [[{ limit: { fromMetadata: {} } }]],
  },
  atLeastOne('must have request, response or both', 'request', 'response'),
  atLeastOne('must have delay, abort or both', 'delay', 'abort'),
  exactlyOne('must have exactly one of httpStatus and grpcStatus', 'httpStatus', 'grpcStatus'),
  { message: 'must be at least 1s', accepts: ['1s'], refuses: ['999ms'] },
  exactlyOne('must have exactly one of response and redirect', 'response', 'redirect'),
  atLeastOne('must have statusCodes, responseHeaders or both', 'statusCodes', 'responseHeaders'),
  {
    message: 'must be present when type is Value',
    accepts: [{ type: 'Value', value: 1 }, { type: 'Range' }],
    refuses: [{ type: 'Value' }],
  },
  {
    message: 'must be present when type is Range',
    accepts: [{ type: 'Range', range: {} }],
    refuses: [{ type: 'Range' }],
  },
  { message: 'must be above start', accepts: [{ start: 200, end: 299 }], refuses: [{ start: 200, end: 200 }] },
  {
    message: 'must be present when type is Inline',
    accepts: [{ type: 'Inline', inline: '' }],
    refuses: [{ type: 'Inline' }],
  },
  {
    message: 'must be present when type is ValueRef',
    accepts: [{ type: 'ValueRef', valueRef: {} }],
    refuses: [{ type: 'ValueRef' }],
  },
  {
    message: "must be 'ConfigMap'",
    accepts: [{}, { valueRef: { kind: 'ConfigMap' } }],
    refuses: [{ valueRef: { kind: 'Secret' } }],
  },
  { message: 'must be absent here', accepts: [{}, { remove: [] }], refuses: [{ remove: ['a'] }] },
  {
    message: 'must be absent unless type is CONNECT',
    accepts: [{ type: 'CONNECT', connect: {} }, { type: 'websocket' }],
    refuses: [{ type: 'websocket', connect: {} }],
  },
];

const security: readonly RuleExamples[] = [
  {
    message: 'must be present, or oidc, when an authorization rule has a jwt principal',
    accepts: [
      {},
      { jwt: {}, authorization: { rules: [{ principal: { jwt: {} } }] } },
      { oidc: {}, authorization: { rules: [{ principal: { jwt: {} } }] } },
      { authorization: { rules: [{ principal: {} }] } },
    ],
    refuses: [{ authorization: { rules: [{ principal: {} }, { principal: { jwt: {} } }] } }],
  },
  exactlyOne('must have exactly one of headers, params and cookies', 'headers', 'params', 'cookies'),
  atMostOne('must have optional or failOpen, not both', 'optional', 'failOpen'),
  exactlyOne('must have exactly one of remoteJWKS and localJWKS', 'remoteJWKS', 'localJWKS'),
  {
    message: 'must be absent or false unless claimToHeaders has an entry',
    accepts: [{ recomputeRoute: true, claimToHeaders: [{}] }, { recomputeRoute: false }],
    refuses: [{ recomputeRoute: true }, { recomputeRoute: true, claimToHeaders: [] }],
  },
  {
    message: 'must not have retry.perRetry.timeout here',
    accepts: [{}, { backendSettings: { retry: { perRetry: {} } } }],
    refuses: [{ backendSettings: { retry: { perRetry: { timeout: '1s' } } } }],
  },
  {
    message: 'must not have retry.retryOn.httpStatusCodes here',
    accepts: [{}, { backendSettings: { retry: { retryOn: {} } } }],
    refuses: [{ backendSettings: { retry: { retryOn: { httpStatusCodes: [500] } } } }],
  },
  exactlyOne('must have exactly one of clientID and clientIDRef', 'clientID', 'clientIDRef'),
  {
    message: /^must not forward the ID token in Authorization/u,
    accepts: [
      { forwardAccessToken: true, forwardIDToken: { header: 'x' } },
      { forwardIDToken: { header: 'Authorization' } },
    ],
    refuses: [{ forwardAccessToken: true, forwardIDToken: { header: 'AUTHORIZATION' } }],
  },
  { message: "must not be 'Host'", accepts: ['x-host'], refuses: ['HOST'] },
  exactlyOne('must have exactly one of grpc and http', 'grpc', 'http'),
  {
    message: 'must each be a Service, ServiceImport or Backend',
    accepts: [{}, { backendRefs: [service] }],
    refuses: [{ backendRefs: [{ group: '', kind: 'Pod' }] }],
  },
  {
    message: "must each have group '', 'multicluster.x-k8s.io' or 'gateway.envoyproxy.io'",
    accepts: [{}, { backendRefs: [service] }],
    refuses: [{ backendRefs: [{ group: 'apps', kind: 'Service' }] }],
  },
  atMostOne('must have path or pathOverride, not both', 'path', 'pathOverride'),
  {
    message: 'must be a ConfigMap or Secret of the core group',
    accepts: [
      { kind: 'Secret', group: '' },
      { kind: 'ConfigMap', group: 'v1' },
    ],
    refuses: [
      { kind: 'Service', group: '' },
      { kind: 'Secret', group: 'a' },
    ],
  },
  atLeastOne('must have principal, cel or both', 'principal', 'cel'),
  atLeastOne('must have methods, path or both', 'methods', 'path'),
  atLeastOne(
    'must have at least one of clientCIDRs, jwt, headers and clientIPGeoLocations',
    'clientCIDRs',
    'jwt',
    'headers',
    'clientIPGeoLocations',
  ),
  atLeastOne('must have claims, scopes or both', 'claims', 'scopes'),
  atLeastOne(
    'must have at least one of country, region, city, asn, isp and anonymous',
    'country',
    'region',
    'city',
    'asn',
    'isp',
    'anonymous',
  ),
  atLeastOne(
    'must have at least one of isAnonymous, isVPN, isHosting, isTor and isProxy',
    'isAnonymous',
    'isVPN',
    'isHosting',
    'isTor',
    'isProxy',
  ),
];

const extensions: readonly RuleExamples[] = [
  { message: "must be 'Secret'", accepts: [{ kind: 'Secret' }], refuses: [{ kind: 'ConfigMap' }] },
  {
    message: 'must be false when a body is FullDuplexStreamed',
    accepts: [
      { failOpen: false, ...body('request', 'FullDuplexStreamed') },
      { failOpen: true, ...body('request', 'Streamed') },
      { failOpen: true },
    ],
    refuses: [
      { failOpen: true, ...body('request', 'FullDuplexStreamed') },
      { failOpen: true, ...body('response', 'FullDuplexStreamed') },
    ],
  },
  {
    message: 'must be false unless every body is Streamed',
    accepts: [
      { shadowMode: true, ...body('request', 'Streamed') },
      { ...body('request', 'Buffered') },
      { shadowMode: true },
    ],
    refuses: [
      { shadowMode: true, ...body('request', 'Buffered') },
      { shadowMode: true, ...body('response', 'Buffered') },
    ],
  },
  {
    message: /^must not begin with 'envoy.filters.http'/u,
    accepts: [['mine']],
    refuses: [['mine', 'envoy.filters.http.jwt_authn']],
  },
  {
    message: 'must be a ConfigMap of the core group',
    accepts: [{ kind: 'ConfigMap', group: '' }],
    refuses: [{ kind: 'Secret', group: '' }],
  },
  {
    message: 'must be absent when type is DynamicResolver',
    accepts: [{ type: 'DynamicResolver' }],
    refuses: [{ type: 'DynamicResolver', endpoints: [] }],
  },
  {
    message: 'must not have autoSNIFromEndpointHostname when type is DynamicResolver',
    accepts: [
      { type: 'DynamicResolver', tls: {} },
      { type: 'Endpoints', tls: { autoSNIFromEndpointHostname: true } },
    ],
    refuses: [{ type: 'DynamicResolver', tls: { autoSNIFromEndpointHostname: true } }],
  },
  {
    message: 'must all have a hostname when tls.autoSNIFromEndpointHostname is true',
    accepts: [
      { tls: { autoSNIFromEndpointHostname: true }, endpoints: [{ fqdn: {} }, { ip: {}, hostname: 'a' }] },
      { endpoints: [{ ip: {} }] },
    ],
    refuses: [{ tls: { autoSNIFromEndpointHostname: true }, endpoints: [{ ip: {} }] }],
  },
  {
    message: 'must not mix fqdn with ip or unix',
    accepts: [[{ fqdn: {} }], [{ ip: {} }, { unix: {} }]],
    refuses: [[{ fqdn: {} }, { ip: {} }]],
  },
  exactlyOne('must have exactly one of fqdn, ip and unix', 'fqdn', 'ip', 'unix'),
  { message: 'must have at most 108 characters', accepts: ['/a'.padEnd(108, 'a')], refuses: ['/a'.padEnd(109, 'a')] },
  {
    message: 'must have caCertificateRefs or wellKnownCACertificates, not both',
    accepts: [{ caCertificateRefs: [{}] }, { caCertificateRefs: [], wellKnownCACertificates: 'System' }],
    refuses: [{ caCertificateRefs: [{}], wellKnownCACertificates: 'System' }],
  },
  {
    message: 'must not name certificate authorities when insecureSkipVerify is true',
    accepts: [{ insecureSkipVerify: true }, { insecureSkipVerify: false, wellKnownCACertificates: 'System' }],
    refuses: [{ insecureSkipVerify: true, wellKnownCACertificates: 'System' }],
  },
  {
    message: 'must be absent when autoSNIFromEndpointHostname is true',
    accepts: [{ sni: 'a', autoSNIFromEndpointHostname: false }, { autoSNIFromEndpointHostname: true }],
    refuses: [{ sni: 'a', autoSNIFromEndpointHostname: true }],
  },
  {
    message: 'must be present when type is ExternalName',
    accepts: [{ type: 'ExternalName', externalName: 'a' }, { type: 'ClusterIP' }],
    refuses: [{ type: 'ExternalName' }],
  },
  {
    message: 'must all have a name where there are several',
    accepts: [[{}], [{ name: 'a' }, { name: 'b' }]],
    refuses: [[{}, { name: 'a' }]],
  },
  {
    message: 'must differ from each other in port or protocol',
    accepts: [
      [
        { port: 1, protocol: 'TCP' },
        { port: 1, protocol: 'UDP' },
      ],
    ],
    refuses: [
      [
        { port: 1, protocol: 'TCP' },
        { port: 1, protocol: 'TCP' },
      ],
    ],
  },
  { message: 'must be present when type is File', accepts: [{ type: 'File', file: {} }], refuses: [{ type: 'File' }] },
];

/** Examples of all rules but those that only tie a member to its discriminator. */
export const ruleExamples: readonly RuleExamples[] = [
  ...gatewayApi,
  ...proxies,
  ...policies,
  ...security,
  ...extensions,
];
