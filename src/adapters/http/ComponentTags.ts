export interface Shown {
  /** The request's `host`, which is how its page reaches this server. */
  readonly host: string
  readonly graph: string
  readonly component: string
  /** By their names. */
  readonly files: ReadonlyArray<string>
}

/** Elsewhere it is the page's own protocol: browsers load no script over another one than the page. */
const isHere = (host: string) => /^(localhost|127\.0\.0\.1)(:|$)/.test(host)

/** A text between these quotes is nothing but a text, whoever wrote it. */
const between = (quote: "'" | "\"", text: string) =>
  `${quote}${text.replaceAll("&", "&amp;").replaceAll(quote, quote === "'" ? "&#39;" : "&quot;")}${quote}`

/** What a bundle is called once its script has run: `@langchain/langgraph-ui` names it so. */
const globalName = (graph: string) => `__LGUI_${graph.replaceAll(/[^a-zA-Z0-9]/g, "_")}`

/**
 * The tags by which a page loads a component, as `LoadExternalComponent` expects them: it puts the id of where the
 * component goes into the mark that is left for it.
 */
export const componentTags = ({ component, files, graph, host }: Shown): string => {
  const at = (file: string) =>
    between("\"", `${isHere(host) ? "http:" : ""}//${host}/ui/${encodeURIComponent(graph)}/${file}`)
  const render = `${globalName(graph)}.render(${JSON.stringify(component)}, "{{shadowRootId}}")`
  const styles = files.filter((file) => file.endsWith(".css"))
  const scripts = files.filter((file) => file.endsWith(".js")).slice(0, 1)
  return [
    ...styles.map((file) => `<link rel="stylesheet" href=${at(file)} />`),
    ...scripts.map((file) => `<script src=${at(file)} onload=${between("'", render)}></script>`)
  ].join("\n")
}
