/** An assistant with everything one can have; a mark tells it from others'. */
export const full = (mark: string) => ({
  graphId: "agent",
  config: { tags: ["t1"], recursion_limit: 30, configurable: { model_name: "openai:gpt-4o", system_prompt: "Kurz." } },
  context: { tenant: "acme" },
  metadata: { mark },
  name: "Rechts-Assistent",
  description: "Kennt das Recht"
})
