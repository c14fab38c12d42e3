import { styleText } from "node:util"

type Style = Parameters<typeof styleText>[0]

/** Colours are for people who watch. */
export const styled = (style: Style, text: string): string => process.stdout.isTTY ? styleText(style, text) : text

export const good = (text: string) => styled("green", text)
export const bad = (text: string) => styled("red", text)
export const faint = (text: string) => styled("dim", text)
export const strong = (text: string) => styled("bold", text)

/** Rows under their headings, as wide as they need to be; numbers to the right. */
export const table = (rows: ReadonlyArray<Readonly<Record<string, string | number>>>): string => {
  const headings = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const cells = rows.map((row) => headings.map((heading) => row[heading] ?? ""))
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => String(row[column]).length))
  )
  const line = (row: ReadonlyArray<string | number>) =>
    row.map((cell, column) => {
      const width = widths[column] ?? 0
      return typeof cell === "number" ? String(cell).padStart(width) : cell.padEnd(width)
    }).join("  ").trimEnd()
  return [strong(line(headings)), ...cells.map(line)].join("\n")
}
