import { mkdir, writeFile } from "node:fs/promises"
import { availableParallelism, cpus, totalmem } from "node:os"
import { join } from "node:path"
import { bad, faint, good, strong, table } from "../support/Terminal.ts"

export interface Target {
  readonly name: string
  readonly value: string
  readonly limit: string
  readonly met: boolean
}

/** What one part of the bench found. */
export interface Section {
  readonly title: string
  /** How it was arranged, so that a figure can be judged. */
  readonly arrangement: string
  readonly rows: ReadonlyArray<Readonly<Record<string, string | number>>>
  readonly targets: ReadonlyArray<Target>
}

export interface BenchOptions {
  readonly quick: boolean
}

/** A target that a number must not exceed. */
export const atMost = (name: string, value: number, limit: number, unit = ""): Target => ({
  name,
  value: `${round(value)}${unit}`,
  limit: `≤ ${limit}${unit}`,
  met: value <= limit
})

/** A target that a number has to reach. */
export const atLeast = (name: string, value: number, limit: number, unit = ""): Target => ({
  name,
  value: `${round(value)}${unit}`,
  limit: `≥ ${limit}${unit}`,
  met: value >= limit
})

/** Two digits behind the point tell enough. */
export const round = (value: number): number => Math.round(value * 100) / 100

const percentile = (sorted: ReadonlyArray<number>, part: number) =>
  sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? NaN

export const quantiles = (values: ReadonlyArray<number>) => {
  const sorted = values.toSorted((left, right) => left - right)
  return { p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95) }
}

export const median = (values: ReadonlyArray<number>) => quantiles(values).p50

export const print = ({ arrangement, rows, targets, title }: Section): void => {
  console.log(`\n${strong(title)}\n${faint(arrangement)}\n\n${table(rows)}\n`)
  for (const { limit, met, name, value } of targets) {
    console.log(`${met ? good("pass") : bad("MISS")} ${name}: ${value} (${limit})`)
  }
}

const machine = () => ({
  node: process.version,
  cpu: cpus()[0]?.model ?? "unknown",
  cores: availableParallelism(),
  memoryGb: round(totalmem() / 2 ** 30)
})

/** Kept for comparing; git does not keep it. */
export const keep = async (at: string, sections: ReadonlyArray<Section>, { quick }: BenchOptions): Promise<string> => {
  const folder = new URL("../../bench-results", import.meta.url).pathname
  const file = join(folder, `${at.replaceAll(":", "-")}.json`)
  await mkdir(folder, { recursive: true })
  await writeFile(file, JSON.stringify({ at, quick, machine: machine(), sections }, null, 2))
  return file
}
