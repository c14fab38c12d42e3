-- An agent for the other organisation, on top of session-72 and apart from it: that world's sync counts four.
insert into public.global_ai_engines (id, name, language_model_id) values
  ('40000000-0000-4000-a000-000000000003', 'Immobilien', '30000000-0000-4000-a000-000000000002');

insert into public.agents (id, organization_id, name, system_prompt, temperature, max_tokens, engine_id) values
  (
    'a0000000-0000-4000-a000-000000000005', '22222222-2222-4222-a222-222222222222', 'Exposé-Assistent',
    'You write property listings for Immobilien Süd, in German first and in English below. '
    'Du erfindest keine Ausstattung: was nicht genannt ist, steht nicht im Exposé.',
    0.6, 1200, '40000000-0000-4000-a000-000000000003'
  );
