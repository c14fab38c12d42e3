import { NodeHttpClient } from "@effect/platform-node"
import { Layer, Logger, Option, References } from "effect"
import { Otlp } from "effect/observability"
import type { Settings } from "./Config.ts"

const levels = {
  trace: "Trace",
  debug: "Debug",
  info: "Info",
  warn: "Warn",
  error: "Error",
  none: "None"
} as const

/** Logs as JSON lines when nobody watches, readable when somebody does; traces, metrics and logs by OTLP if configured. */
export const telemetry = (settings: Pick<Settings, "logFormat" | "logLevel" | "otlpEndpoint">, terminal: boolean) => {
  const format = Option.getOrElse(settings.logFormat, () => terminal ? "pretty" : "json")
  const logs = Layer.mergeAll(
    Logger.layer([format === "json" ? Logger.consoleJson : Logger.consolePretty()]),
    Layer.succeed(References.MinimumLogLevel, levels[settings.logLevel])
  )
  return Option.match(settings.otlpEndpoint, {
    onNone: () => logs,
    onSome: (baseUrl) =>
      Otlp.layerJson({ baseUrl, resource: { serviceName: "throughline" } }).pipe(
        Layer.provide(NodeHttpClient.layerUndici),
        Layer.provideMerge(logs)
      )
  })
}
