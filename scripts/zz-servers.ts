import { startMcpServer } from "../test/support/McpServers.ts"
import { startScriptedModel } from "../test/support/ScriptedModel.ts"
const m = await startScriptedModel(), s = await startMcpServer()
console.log(JSON.stringify({ model: m.url, mcp: s.url }))
process.stdin.resume()
process.stdin.on("end", () => process.exit(0))
