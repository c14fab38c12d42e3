import type { Route } from "./Routes.ts"

const row = ({ method, path, public: open }: Route): string =>
  `<tr><td><code>${method}</code></td><td><code>${path}</code></td><td>${open ? "public" : "bearer token"}</td></tr>`

/** The routes on one page that needs no network; the whole contract is in /openapi.json. */
export const docsPage = (name: string, version: string, routes: ReadonlyArray<Route>): string =>
  `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${name} ${version}</title>
<style>body{font:16px/1.5 system-ui;margin:3rem auto;max-width:48rem}td{padding:.1rem 1rem .1rem 0}</style>
<h1>${name} ${version}</h1>
<p>A LangGraph API: point a LangGraph SDK at this server, with a Supabase access token as
<code>Authorization: Bearer …</code> or <code>x-api-key</code>. Requests, responses and errors are described in
<a href="/openapi.json">openapi.json</a>.</p>
<table>${routes.map(row).join("\n")}</table>
</html>
`
