-- Reserving, in the order in which everyone locks: what is new in the ledger, balances of grants by id, the counter. Each
-- statement within sees what was committed before it began. The counter comes last: others wait for it for no longer than its
-- own update and the commit take. Whoever asks has worked out what the feature is (entitlements/hold.ts), and passes keys in
-- their order: two who insert the same ones wait for each other in that order.
--
-- Answers what became of them, all alike: held; known (a key was used before); raced (somebody took what was left: ask again);
-- overdue (ask again when that is given back); exceeded. Only what is held leaves anything.
CREATE FUNCTION hold(
  tenant uuid, feature_name text, period timestamptz, quota bigint, moment timestamptz, until timestamptz,
  ids uuid[], amounts bigint[], keys text[]
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  wanted bigint := 0;
  one bigint;
  recorded integer;
BEGIN
  FOREACH one IN ARRAY amounts LOOP wanted := wanted + one; END LOOP;
  -- What a snapshot says of the counter spares the writing where the quota is used up.
  INSERT INTO identity.reservations (tenant_id, id, feature, amount, idempotency_key, period_start, created_at, expires_at)
    SELECT tenant, a.id, feature_name, a.amount, a.key, period, moment, until FROM unnest(ids, amounts, keys) a (id, amount, key)
    WHERE coalesce((
      SELECT u.used + u.held FROM identity.usage_counters u
      WHERE u.tenant_id = tenant AND u.feature = feature_name AND u.period_start = period), 0) + wanted <= quota
    ON CONFLICT (tenant_id, feature, idempotency_key) DO NOTHING;
  GET DIAGNOSTICS recorded = ROW_COUNT;
  IF recorded = 0 THEN
    RETURN identity.hold_with_grants(tenant, feature_name, period, quota, moment, until, ids, amounts, keys);
  END IF;
  IF recorded = cardinality(ids) THEN
    UPDATE identity.usage_counters u SET held = u.held + wanted
      WHERE u.tenant_id = tenant AND u.feature = feature_name AND u.period_start = period AND u.used + u.held + wanted <= quota;
    IF FOUND THEN RETURN 'held'; END IF;
    -- The period's first, else nothing: beside an update this costs too much to be sent always.
    INSERT INTO identity.usage_counters AS u (tenant_id, feature, period_start, held) VALUES (tenant, feature_name, period, wanted)
      ON CONFLICT (tenant_id, feature, period_start) DO UPDATE SET held = u.held + wanted WHERE u.used + u.held + wanted <= quota;
    IF FOUND THEN RETURN 'held'; END IF;
  END IF;
  DELETE FROM identity.reservations r WHERE r.tenant_id = tenant AND r.id = ANY (ids);
  RETURN CASE WHEN recorded = cardinality(ids) THEN 'raced' ELSE 'known' END;
END $$;

-- Of the quota what it still has, and the rest of grants: by priority, the lowest first, then those that expire first, then the
-- oldest. The first of those who ask takes first.
CREATE FUNCTION hold_with_grants(
  tenant uuid, feature_name text, period timestamptz, quota bigint, moment timestamptz, until timestamptz,
  ids uuid[], amounts bigint[], keys text[]
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  wanted bigint := (SELECT sum(a) FROM unnest(amounts) a);
  recorded integer;
  locked uuid[];
  left_of_quota bigint;
  left_of_grants bigint;
BEGIN
  -- One entry of the index of open reservations, however many are open.
  IF (SELECT min(r.expires_at) FROM identity.reservations r
      WHERE r.tenant_id = tenant AND r.feature = feature_name AND r.state = 'reserved') <= moment THEN
    RETURN 'overdue';
  END IF;

  -- A snapshot again: who is refused waits for nobody and writes nothing.
  SELECT greatest(quota - coalesce(sum(u.used + u.held), 0), 0) INTO left_of_quota FROM identity.usage_counters u
    WHERE u.tenant_id = tenant AND u.feature = feature_name AND u.period_start = period;
  SELECT coalesce(sum(g.amount - b.used - b.held), 0) INTO left_of_grants
    FROM identity.feature_grants g JOIN identity.feature_grant_balances b ON b.tenant_id = g.tenant_id AND b.grant_id = g.id
    WHERE g.tenant_id = tenant AND g.feature = feature_name AND NOT b.voided AND b.used + b.held < g.amount
      AND (g.expires_at IS NULL OR g.expires_at > moment);
  IF left_of_quota + left_of_grants < wanted THEN RETURN 'exceeded'; END IF;

  INSERT INTO identity.reservations (tenant_id, id, feature, amount, idempotency_key, period_start, created_at, expires_at)
    SELECT tenant, a.id, feature_name, a.amount, a.key, period, moment, until FROM unnest(ids, amounts, keys) a (id, amount, key)
    ON CONFLICT (tenant_id, feature, idempotency_key) DO NOTHING;
  GET DIAGNOSTICS recorded = ROW_COUNT;
  IF recorded < cardinality(ids) THEN
    DELETE FROM identity.reservations r WHERE r.tenant_id = tenant AND r.id = ANY (ids);
    RETURN 'known';
  END IF;

  SELECT array_agg(l.grant_id), coalesce(sum(l.remaining), 0) INTO locked, left_of_grants FROM (
    SELECT b.grant_id, g.amount - b.used - b.held AS remaining
    FROM identity.feature_grants g JOIN identity.feature_grant_balances b ON b.tenant_id = g.tenant_id AND b.grant_id = g.id
    WHERE g.tenant_id = tenant AND g.feature = feature_name AND NOT b.voided AND b.used + b.held < g.amount
      AND (g.expires_at IS NULL OR g.expires_at > moment)
    ORDER BY b.grant_id FOR UPDATE OF b) l;
  INSERT INTO identity.usage_counters (tenant_id, feature, period_start) VALUES (tenant, feature_name, period)
    ON CONFLICT (tenant_id, feature, period_start) DO NOTHING;
  SELECT greatest(quota - u.used - u.held, 0) INTO left_of_quota FROM identity.usage_counters u
    WHERE u.tenant_id = tenant AND u.feature = feature_name AND u.period_start = period FOR UPDATE;
  IF left_of_quota + left_of_grants < wanted THEN
    DELETE FROM identity.reservations r WHERE r.tenant_id = tenant AND r.id = ANY (ids);
    RETURN 'raced';
  END IF;

  -- What is there and what is asked for, each laid end to end: who takes what from where is where the two overlap.
  WITH burning AS (
    SELECT NULL::uuid AS grant_id, 0::bigint AS position, left_of_quota AS remaining
    UNION ALL
    SELECT g.id, row_number() OVER (ORDER BY g.priority, g.expires_at NULLS LAST, g.id), g.amount - b.used - b.held
    FROM identity.feature_grants g JOIN identity.feature_grant_balances b ON b.tenant_id = g.tenant_id AND b.grant_id = g.id
    WHERE g.tenant_id = tenant AND b.tenant_id = tenant AND g.id = ANY (locked)
  ), there AS (
    SELECT b.grant_id, b.position, sum(b.remaining) OVER burned - b.remaining AS low, sum(b.remaining) OVER burned AS high
    FROM burning b WINDOW burned AS (ORDER BY b.position)
  ), asked AS (
    SELECT a.id, sum(a.amount) OVER came - a.amount AS low, sum(a.amount) OVER came AS high
    FROM unnest(ids, amounts) WITH ORDINALITY a (id, amount, nth) WINDOW came AS (ORDER BY a.nth)
  ), parts AS MATERIALIZED (
    SELECT a.id, t.grant_id, t.position, (least(a.high, t.high) - greatest(a.low, t.low))::bigint AS amount
    FROM asked a JOIN there t ON t.low < a.high AND a.low < t.high
  ), burned AS (
    UPDATE identity.feature_grant_balances b SET held = b.held + p.amount
    FROM (SELECT grant_id, sum(amount)::bigint AS amount FROM parts WHERE grant_id IS NOT NULL GROUP BY grant_id) p
    WHERE b.tenant_id = tenant AND b.grant_id = p.grant_id
  ), noted AS (
    INSERT INTO identity.reservation_grants (tenant_id, reservation_id, grant_id, position, amount)
    SELECT tenant, id, grant_id, position, amount FROM parts WHERE grant_id IS NOT NULL
  ), granted AS (
    UPDATE identity.reservations r SET granted = p.amount
    FROM (SELECT id, sum(amount)::bigint AS amount FROM parts WHERE grant_id IS NOT NULL GROUP BY id) p
    WHERE r.tenant_id = tenant AND r.id = p.id
  )
  UPDATE identity.usage_counters u SET held = u.held + p.of_quota, granted_held = u.granted_held + p.of_grants
    FROM (
      SELECT coalesce(sum(amount) FILTER (WHERE grant_id IS NULL), 0)::bigint AS of_quota,
        coalesce(sum(amount) FILTER (WHERE grant_id IS NOT NULL), 0)::bigint AS of_grants
      FROM parts) p
    WHERE u.tenant_id = tenant AND u.feature = feature_name AND u.period_start = period;
  RETURN 'held';
END $$;
