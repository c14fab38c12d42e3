import { copyFile, mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { quantiles } from "../bench/Report.ts"
import { bad, faint, good, strong, table } from "../support/Terminal.ts"
import type { Evidence } from "./Evidence.ts"
import type { Executing } from "./Executing.ts"
import type { EffectCounts } from "./FinalCheck.ts"
import type { RunNote } from "./Notes.ts"
import { type ChaosOptions, type Kind, kindNames, kinds } from "./Options.ts"
import type { Blow, Timeline, Violation } from "./Timeline.ts"

export interface Report {
  readonly seed: number
  readonly minutes: number
  readonly blows: ReadonlyArray<Blow>
  readonly rows: ReadonlyArray<{ readonly what: string; readonly count: string | number }>
  readonly figures: Readonly<Record<Kind, number>> & {
    readonly runs: number
    readonly takeovers: number
    readonly events: number
  }
  readonly asides: ReadonlyArray<{ readonly what: string; readonly count: number }>
  readonly violations: ReadonlyArray<Violation>
  readonly evidence: ReadonlyArray<Evidence>
  readonly logFiles: ReadonlyArray<string>
}

export interface Found extends EffectCounts {
  readonly runs: number
  readonly takeovers: number
}

export interface ReportParts {
  readonly options: ChaosOptions
  readonly timeline: Timeline
  readonly executing: Executing
  readonly notes: ReadonlyArray<RunNote>
  readonly found: Found
  readonly evidence: ReadonlyArray<Evidence>
  /** What Postgres complained of. */
  readonly complaints: ReadonlyMap<string, number>
  readonly logFiles: ReadonlyArray<string>
}

const seconds = (ms: number) => Math.round(ms / 100) / 10

const times = (values: ReadonlyArray<number>): string => {
  const { p50, p95 } = quantiles(values)
  return values.length === 0
    ? "none measured"
    : `${values.length} measured: p50 ${seconds(p50)} s, p95 ${seconds(p95)} s, max ${seconds(Math.max(...values))} s`
}

const counted = (counts: ReadonlyMap<string, number>, prefix = "") =>
  [...counts].map(([what, count]) => ({ what: prefix + what, count })).toSorted((a, b) => b.count - a.count)

const part = (of: number, all: number) => `${of} (${all === 0 ? 0 : Math.round((of / all) * 10_000) / 100} %)`

export const reportOf = (
  { complaints, evidence, executing, found, logFiles, notes, options, timeline }: ReportParts
): Report => {
  const events = notes.reduce((sum, { seen }) => sum + seen.length, 0)
  const count = (kind: Kind) => timeline.blows.filter((blow) => blow.kind === kind).length
  const struck = {
    kill: count("kill"),
    freeze: count("freeze"),
    stop: count("stop"),
    restart: count("restart"),
    crash: count("crash"),
    deafen: count("deafen"),
    cut: count("cut")
  }
  const takeoversAfter = (kind: Kind) => times(executing.takeovers(notes, kind))
  return {
    seed: options.seed,
    minutes: Math.round(options.seconds / 6) / 10,
    blows: timeline.blows,
    rows: [
      ...kinds.map((kind) => ({ what: kindNames[kind], count: struck[kind] })),
      { what: "runs", count: found.runs },
      { what: "takeovers (attempts beyond the first)", count: found.takeovers },
      { what: "events that clients saw", count: events },
      { what: "side effects", count: found.effects },
      { what: "steps done more than once", count: part(found.repeated, found.effects - found.repeats) },
      { what: "repeats of them", count: found.repeats },
      { what: "effects of a thawed worker after its thread had moved on", count: found.late },
      { what: "from kill to the next attempt", count: takeoversAfter("kill") },
      { what: "from SIGSTOP to the next attempt", count: takeoversAfter("freeze") },
      { what: "from SIGTERM to the next attempt", count: takeoversAfter("stop") },
      ...[...timeline.durations].map(([what, took]) => ({ what, count: times(took) })),
      { what: "violations", count: timeline.violations.length }
    ],
    figures: { ...struck, runs: found.runs, takeovers: found.takeovers, events },
    asides: [...counted(timeline.counts), ...counted(complaints, "Postgres: ")],
    violations: timeline.violations,
    evidence,
    logFiles
  }
}

export const print = ({ asides, rows, seed, violations }: Report, say: (line: string) => void): void => {
  say(`\n${strong("What happened")}\n\n${table(rows)}\n`)
  if (asides.length > 0) say(`${faint("Beside that")}\n\n${table(asides.slice(0, 40))}\n`)
  const byRule = Map.groupBy(violations, ({ rule }) => rule)
  for (const [rule, of] of byRule) say(`${bad("violated")} ${rule}: ${of.length} times, first: ${of[0]?.detail}`)
  const verdict = violations.length === 0 ? good("Nothing was violated.") : bad(`${violations.length} violations.`)
  say(`${verdict} Seed ${seed}.`)
}

/** With the servers' logs if something is to be looked into. Git does not keep it. */
export const keep = async (report: Report): Promise<string> => {
  const folder = new URL("../../bench-results", import.meta.url).pathname
  const name = `chaos-${new Date().toISOString().replaceAll(":", "-")}`
  const file = join(folder, `${name}.json`)
  await mkdir(folder, { recursive: true })
  await writeFile(file, JSON.stringify(report, null, 2))
  if (report.violations.length > 0) {
    for (const [index, log] of report.logFiles.entries()) {
      await copyFile(log, join(folder, `${name}-server-${index + 1}.log`))
    }
  }
  return file
}
