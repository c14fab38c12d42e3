-- The world of Session 72: four agents of one organisation, none of them synced. Works on schema-v1.
insert into public.organizations (id, name, slug) values
  ('11111111-1111-4111-a111-111111111111', 'Kanzlei Nord', 'kanzlei-nord'),
  ('22222222-2222-4222-a222-222222222222', 'Immobilien Süd', 'immobilien-sued');

insert into public.organization_members (organization_id, user_id, role) values
  ('11111111-1111-4111-a111-111111111111', 'd4e5f6a7-0000-4000-a000-000000000001', 'member'),
  ('11111111-1111-4111-a111-111111111111', 'd4e5f6a7-0000-4000-a000-000000000002', 'admin'),
  ('22222222-2222-4222-a222-222222222222', 'd4e5f6a7-0000-4000-a000-000000000003', 'member');

insert into public.ai_models (id, name, runtime_model_name) values
  ('30000000-0000-4000-a000-000000000001', 'openai-gpt-4o-mini', 'openai:gpt-4o-mini'),
  ('30000000-0000-4000-a000-000000000002', 'openai-gpt-4o', 'openai:gpt-4o');

insert into public.global_ai_engines (id, name, language_model_id) values
  ('40000000-0000-4000-a000-000000000001', 'Standard', '30000000-0000-4000-a000-000000000001'),
  ('40000000-0000-4000-a000-000000000002', 'Groß', '30000000-0000-4000-a000-000000000002');

-- Streamable HTTP, both; one written without its path.
insert into public.mcp_tools (id, tool_name, endpoint_url, auth_required) values
  ('50000000-0000-4000-a000-000000000001', 'legal-mcp', 'http://legal-mcp:8000', false),
  ('50000000-0000-4000-a000-000000000002', 'document-mcp', 'http://document-mcp:8000/mcp', true);

insert into public.agents (id, organization_id, name, system_prompt, temperature, max_tokens, engine_id) values
  (
    'a0000000-0000-4000-a000-000000000001', '11111111-1111-4111-a111-111111111111', 'Dokumenten-Assistent',
    'Du bist ein Dokumenten-Assistent. Du beantwortest Fragen zu Dokumenten der Kanzlei, auf Deutsch.',
    null, null, '40000000-0000-4000-a000-000000000001'
  ),
  (
    'a0000000-0000-4000-a000-000000000002', '11111111-1111-4111-a111-111111111111', '⚖️ Rechts-Assistent',
    'Du bist ein Rechts-Assistent. Du antwortest auf Deutsch und nennst die Paragraphen.',
    0.3, 2000, '40000000-0000-4000-a000-000000000001'
  ),
  (
    'a0000000-0000-4000-a000-000000000003', '11111111-1111-4111-a111-111111111111', 'Wartungsbericht-Analyst',
    'Du liest Wartungsberichte und fasst Mängel zusammen, auf Deutsch.',
    0.3, null, '40000000-0000-4000-a000-000000000002'
  ),
  (
    'a0000000-0000-4000-a000-000000000004', '11111111-1111-4111-a111-111111111111', 'Allgemeiner Assistent',
    null, null, null, null
  );

insert into public.agent_mcp_tools (agent_id, mcp_tool_id) values
  ('a0000000-0000-4000-a000-000000000001', '50000000-0000-4000-a000-000000000002'),
  ('a0000000-0000-4000-a000-000000000002', '50000000-0000-4000-a000-000000000001');
