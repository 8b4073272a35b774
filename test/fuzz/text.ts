import * as fc from 'fast-check';

/** Paths as HTTPRoutes may state them, with every kind of character that a path may have. */
export const anyPath: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'ab', 'A', '0') },
      {
        weight: 1,
        arbitrary: fc.constantFrom('.a', '~', '$1', "'", '(b)', '*', '+', ',', ';', ':', '@', '=', '!', '&', '-', '_'),
      },
      { weight: 1, arbitrary: fc.constantFrom('%20', '%25', '%C3%A9', '%5C') },
    ),
    { maxLength: 4 },
  )
  .chain((elements) => fc.boolean().map((slash) => `/${elements.join('/')}${slash && elements.length > 0 ? '/' : ''}`));

/** Names of headers, odd ones among them. */
export const anyHeaderName: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('x-a', 'X-B', 'x-host', 'content-length', 'transfer-encoding', 'connection', 'te', 'x-|odd`~'),
  fc.constantFrom('x-envoy-upstream-rq-timeout-ms', 'x-forwarded-for', 'x-request-id', 'cookie', "x'", 'x_under'),
);

/** Values of headers, with what formatters, substitutions and quotes would take for theirs. */
export const anyHeaderValue: fc.Arbitrary<string> = fc
  .array(
    fc.constantFrom(
      '%',
      '%%',
      '%REQ(:path)%',
      '%START_TIME%',
      '\\1',
      '\\',
      '"',
      "'",
      '{',
      '}',
      'a',
      '$',
      ';',
      ',',
      '(',
      '%2',
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((parts) => parts.join(''));

/** Host names, wildcards and long ones among them. */
export const anyHostname: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    'a.test',
    '*.a.test',
    'b.a.test',
    '*.b.a.test',
    'xn--bcher-kva.test',
    '0.test',
    `${'a'.repeat(63)}.test`,
  ),
  fc.domain().map((domain) => domain.toLowerCase()),
);

/** Regular expressions that RE2 takes. */
export const anyRegex: fc.Arbitrary<string> = fc.constantFrom(
  '/a.*',
  '/(a|b)/[0-9]+',
  '\\/user\\/[0-9a-f]{8}',
  '^/a$',
  '(?i)/A',
  '/é+',
  '/\\d+\\.html',
  '/a{1,1000}',
  '[^/]+(?:x|y)*?',
);
