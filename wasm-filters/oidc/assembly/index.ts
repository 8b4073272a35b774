/**
 * The `oidc` module: lets requests pass of somebody who has logged in, and leaves all others to the sidecar.
 *
 * In: a `sluice.filter.v1.Oidc` as JSON, or an `OidcFilter`. Out: the request goes on, with the headers that claims fill; or it
 * goes on with the filter state `wasm.sluice.sidecar`, for an external processor that runs for such requests alone. Behind
 * that one stands a second instance, which refuses what still has no session: never leave it out.
 */
import "../../sdk/assembly/abort";
import { ACCEPTED } from "../../jwt/assembly/authenticate";
import { claimsFit, ownClaimHeaders } from "../../jwt/assembly/claim-headers";
import { resetArena } from "../../sdk/assembly/arena";
import { usePairs } from "../../sdk/assembly/header-pairs";
import { getRequestHeaders, now, resultLen, resultPtr, sendLocalResponse } from "../../sdk/assembly/host";
import { Plugins } from "../../sdk/assembly/plugins";
import { rootOf } from "../../sdk/assembly/root";
import { literal, Slice } from "../../sdk/assembly/slice";
import { keepBackendCookies } from "./backend-cookies";
import { checkVisitor, SESSION, Visitor } from "./check";
import { Configuration } from "./configuration";
import { leaveToSidecar } from "./to-sidecar";

export * from "../../sdk/assembly/entry";

const CONTINUE: u32 = 0;
const STOP: u32 = 1;

const NEEDED = literal("a session is needed\n");
const D_NEEDED = literal("sluice_oidc_session_missing");
const UNAVAILABLE = literal("sessions cannot be checked now\n");
const D_UNAVAILABLE = literal("sluice_oidc_unavailable");

const plugins = new Plugins<Configuration>("oidc: the configuration is refused: it is no Oidc, or sessions are known by nothing in it");

export function proxy_on_configure(root: u32, size: u32): u32 {
  resetArena();
  return plugins.configure(root, size, new Configuration());
}

export function proxy_on_request_headers(context: u32, _count: u32, _end: u32): u32 {
  resetArena();
  const root = rootOf(context);
  if (!plugins.has(root) || !getRequestHeaders()) return fail();
  usePairs(resultPtr(), resultLen());
  return decide(plugins.get(root));
}

/** A plugin ends. */
export function proxy_on_delete(context: u32): void {
  plugins.drop(context);
}

function decide(configuration: Configuration): u32 {
  const oidc = configuration.oidc;
  const isKnown = checkVisitor(oidc, configuration.keyId, null, <f64>(now() / 1_000_000_000)) == Visitor.known;
  if (isKnown && (oidc.behindSidecar || !oidc.alwaysSidecar)) return tellClaims(configuration);
  if (!oidc.behindSidecar) return leaveToSidecar() ? CONTINUE : fail();
  sendLocalResponse(401, D_NEEDED, NEEDED, Slice.EMPTY);
  return STOP;
}

function tellClaims(configuration: Configuration): u32 {
  const sessions = configuration.sessions;
  ACCEPTED.provider = 0;
  ACCEPTED.payload = SESSION;
  if (!claimsFit(sessions, ACCEPTED) || !keepBackendCookies()) return fail();
  return ownClaimHeaders(sessions, ACCEPTED, true) ? CONTINUE : fail();
}

function fail(): u32 {
  sendLocalResponse(503, D_UNAVAILABLE, UNAVAILABLE, Slice.EMPTY);
  return STOP;
}
