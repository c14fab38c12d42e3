import { build } from "vite"
import { listen } from "../../src/adapters/demo/Loopback.ts"

const page = new URL("page/", import.meta.url).pathname

const types: Readonly<Record<string, string>> = { html: "text/html", js: "text/javascript" }

/** The chat page, bundled as its makers would, at an origin of its own. */
export const serveChatPage = async () => {
  const built = await build({
    root: page,
    configFile: false,
    logLevel: "error",
    build: { write: false, chunkSizeWarningLimit: 5_000 }
  })
  const files = new Map(
    [built].flat().flatMap((bundle) => "output" in bundle ? bundle.output : []).map((file) => [
      `/${file.fileName}`,
      file.type === "chunk" ? file.code : file.source
    ])
  )
  return listen((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://page")
    const path = pathname === "/" ? "/index.html" : pathname
    const file = files.get(path)
    if (file === undefined) return response.writeHead(404).end()
    response.writeHead(200, { "content-type": types[path.split(".").at(-1) ?? ""] ?? "text/plain" }).end(file)
  })
}
