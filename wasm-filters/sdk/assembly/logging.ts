import { log, LogLevel } from "./host";

// Lines in Envoy's log. Never with anything a client sent as a secret.

export function logDebug(text: string): void {
  log(LogLevel.debug, text);
}

export function logInfo(text: string): void {
  log(LogLevel.info, text);
}

export function logWarn(text: string): void {
  log(LogLevel.warn, text);
}

export function logError(text: string): void {
  log(LogLevel.error, text);
}
