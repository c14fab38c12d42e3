import { styleText } from "node:util"
import type { ExplanationView } from "../../adapters/http/ExplanationView.ts"
import type { Json } from "../../domain/Json.ts"
import { printable } from "./DoctorReport.ts"

export type Explained = typeof ExplanationView.Type

type Key = Explained["keys"][number]
type Given = Key["given"][number]

type Style = Parameters<typeof styleText>[0]
type Paint = (style: Style, text: string) => string

/** What keeps a run from beginning, or from having all that it should have. */
export const problemsIn = ({ agent_tools, model, servers }: Explained): ReadonlyArray<string> => [
  ...(model?.problem == null ? [] : [`model: ${model.problem}`]),
  ...servers.flatMap(({ error, name }) => error === null ? [] : [`server ${printable(name)}: ${error}`]),
  ...agent_tools.flatMap(({ assistant_id, name, problem }) =>
    problem === null ? [] : [`agent ${printable(name ?? assistant_id)}: ${problem}`]
  )
]

const cut = (text: string, length: number): string => {
  const letters = [...printable(text)]
  return letters.length > length ? `${letters.slice(0, length - 1).join("")}…` : letters.join("")
}

const shown = (value: Json, length: number): string =>
  cut(typeof value === "string" ? value : JSON.stringify(value), length)

const padded = (text: string, length: number) => text + " ".repeat(Math.max(0, length - [...text].length))

const seenThrough = ({ visible }: Explained): string => {
  switch (visible._tag) {
    case "Owner":
      return "their own assistant"
    case "Graph":
      return "a graph's default, which everybody sees"
    case "Membership":
      return `membership of organisation ${visible.organization_id}, as ${visible.role}`
    case "Personal":
      return `their own agent in organisation ${visible.organization_id} (${visible.role}); nobody else sees it`
  }
}

const keyWords = {
  server: "key: the server's",
  run: "key: the run's own",
  assistant: "key: the assistant's own",
  absent: "no key"
}

const modelLine = ({ model }: Explained, paint: Paint): string => {
  if (model === null) return "the graph's own affair"
  const said = `${printable(model.name)}  ${model.provider ?? "unknown provider"}, ${keyWords[model.key]}`
  return model.problem === null ? said : `${said}\n           ${paint("red", model.problem)}`
}

/** What did not become of a key: who else gave it, and why that is not in force. */
const others = ({ given }: Key, length: number): string =>
  given.filter(({ dropped }) => dropped !== null).map(({ dropped, from, value }: Given) =>
    dropped?.startsWith("overridden by ") === true
      ? `overrides ${from}: ${shown(value, length)}`
      : `not taken from ${from}: ${shown(value, length)} (${dropped})`
  ).join("; ")

/** As wide as the terminal is, within reason. */
const widths = (columns: number) => {
  const value = Math.min(60, Math.max(24, Math.floor(columns / 3)))
  return { value, other: Math.max(12, Math.floor(value / 2)) }
}

const keyTable = ({ keys }: Explained, columns: number, paint: Paint): ReadonlyArray<string> => {
  const width = widths(columns)
  const name = Math.max(3, ...keys.map(({ key }) => [...cut(key, 32)].length))
  const row = (cells: readonly [string, string, string, string]) =>
    [padded(cells[0], name), padded(cells[1], width.value), padded(cells[2], 9), cells[3]].join("  ").trimEnd()
  return [
    paint("bold", row(["key", "value", "from", ""])),
    ...keys.map((key) => row([cut(key.key, 32), shown(key.value, width.value), key.origin, others(key, width.other)]))
  ]
}

const serverLines = ({ servers }: Explained, paint: Paint): ReadonlyArray<string> => {
  const name = Math.max(0, ...servers.map((server) => [...printable(server.name)].length))
  return servers.map(({ auth_required, error, ms, name: given, tools, url }) => {
    const got = error === null ? `${tools.length} tool(s): ${tools.map(printable).join(", ")}` : paint("red", error)
    const place = `${printable(url)}${auth_required ? " (with the caller's token)" : ""}`
    return `${padded(printable(given), name)}  ${padded(`${ms} ms`, 8)}  ${got}  ${place}`
  })
}

const agentLines = ({ agent_tools }: Explained, paint: Paint): ReadonlyArray<string> =>
  agent_tools.map(({ assistant_id, name, problem, tool }) =>
    `${printable(name ?? assistant_id)}  ${problem === null ? `as ${tool}` : paint("red", problem)}`
  )

const section = (title: string, lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)]

/** All of it for a person. */
export const explanationText = (explained: Explained, colours: boolean, columns = 120): string => {
  const paint: Paint = (style, text) => colours ? styleText(style, text) : text
  const { assistant_id, assistant_version, dropped, graph_id, name, recursion_limit, stale_since } = explained
  return [
    `${paint("bold", printable(name))}  ${assistant_id}, version ${assistant_version}, graph ${graph_id}`,
    `seen through ${seenThrough(explained)}`,
    `model      ${modelLine(explained, paint)}`,
    ...(stale_since === null ? [] : [paint("yellow", `as of ${stale_since}: the agents' tables can't be read`)]),
    "",
    ...keyTable(explained, columns, paint),
    ...section(
      "Given, and not taken:",
      dropped.map(({ dropped: why, from, key, value }) =>
        `${printable(key)} from ${from} (${shown(value, 40)}): ${why}`
      )
    ),
    ...section("Tool servers, asked now:", serverLines(explained, paint)),
    ...section("Agents that it may call:", agentLines(explained, paint)),
    ...section("Made do with:", explained.warnings.map(printable)),
    "",
    `At most ${recursion_limit} steps; tags: ${explained.tags.map(printable).join(", ") || "none"}.`
  ].join("\n")
}
