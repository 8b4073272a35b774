/** Results of host functions (Proxy-Wasm ABI 0.2.1, `proxy_result_t`), as far as the test host returns them. */
export const OK = 0;
export const NOT_FOUND = 1;
export const BAD_ARGUMENT = 2;
export const INVALID_MEMORY_ACCESS = 6;
export const CAS_MISMATCH = 8;
