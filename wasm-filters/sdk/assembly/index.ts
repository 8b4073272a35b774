/**
 * The SDK for filters of your own: import { ... } from "sluice/wasm".
 *
 * A filter exports the callbacks of Proxy-Wasm that it wants, and no others: each costs a crossing into the VM. Every callback
 * begins with `begin()`. Text is UTF-8; the names of headers are lower case.
 */
import "./abort";

export { begin, Action } from "./callback";
export { configuration, configFlag, configNumber, configText } from "./configuration";
export { Headers, requestHeaders, requestTrailers, responseHeaders, responseTrailers } from "./headers";
export { logDebug, logError, logInfo, logWarn } from "./logging";
export { property, setProperty } from "./properties";
export { respond } from "./respond";
