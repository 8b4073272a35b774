/** Which other origins may use a route from a browser (Fetch standard, "CORS protocol"). */
export interface CorsIr {
  /** "https://www.example.com", "https://*.example.com", or "*" for any; `*` stands for any text. */
  readonly allowOrigins: readonly string[];
  /** "*" for any. */
  readonly allowMethods: readonly string[];
  /** "*" for any. */
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  /** How long a browser may remember the answer to a preflight. Seconds. */
  readonly maxAge: number | undefined;
  readonly allowCredentials: boolean;
}
