-- Functions with Redshift's meaning, installed in pg_catalog of every database: no search_path can hide them, and an
-- unqualified CREATE TABLE does not land in a schema of ours. Names that start with redshift_ are targets of rewrites.
SET allow_system_table_mods = on;
SET check_function_bodies = off;
SET search_path = pg_catalog;

-- Dates and times (the session time zone is UTC, as on Redshift)
CREATE OR REPLACE FUNCTION getdate() RETURNS timestamp LANGUAGE sql STABLE AS
$$ SELECT date_trunc('second', statement_timestamp() AT TIME ZONE 'UTC') $$;

CREATE OR REPLACE FUNCTION sysdate() RETURNS timestamp LANGUAGE sql STABLE AS
$$ SELECT transaction_timestamp() AT TIME ZONE 'UTC' $$;

CREATE OR REPLACE FUNCTION trunc(timestamp) RETURNS date LANGUAGE sql IMMUTABLE AS
$$ SELECT $1::date $$;

CREATE OR REPLACE FUNCTION date_trunc(text, date) RETURNS timestamp LANGUAGE sql IMMUTABLE AS
$$ SELECT date_trunc($1, $2::timestamp) $$;

CREATE OR REPLACE FUNCTION dateadd(text, bigint, timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE lower($1)
     WHEN 'year' THEN $3 + make_interval(years => $2::int)
     WHEN 'quarter' THEN $3 + make_interval(months => 3 * $2::int)
     WHEN 'month' THEN $3 + make_interval(months => $2::int)
     WHEN 'week' THEN $3 + make_interval(weeks => $2::int)
     WHEN 'day' THEN $3 + make_interval(days => $2::int)
     WHEN 'hour' THEN $3 + $2 * interval '1 hour'
     WHEN 'minute' THEN $3 + $2 * interval '1 minute'
     WHEN 'second' THEN $3 + $2 * interval '1 second'
     WHEN 'milliseconds' THEN $3 + $2 * interval '1 millisecond'
     WHEN 'microseconds' THEN $3 + $2 * interval '1 microsecond'
   END $$;

CREATE OR REPLACE FUNCTION dateadd(text, bigint, date) RETURNS timestamp LANGUAGE sql IMMUTABLE AS
$$ SELECT dateadd($1, $2, $3::timestamp) $$;

CREATE OR REPLACE FUNCTION dateadd(text, bigint, timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS
$$ SELECT dateadd($1, $2, $3 AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' $$;

-- counts the boundaries between two moments, not the time that passed
CREATE OR REPLACE FUNCTION datediff(text, timestamp, timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE lower($1)
     WHEN 'year' THEN (extract(year FROM $3) - extract(year FROM $2))::bigint
     WHEN 'quarter' THEN ((extract(year FROM $3) * 4 + extract(quarter FROM $3))
                          - (extract(year FROM $2) * 4 + extract(quarter FROM $2)))::bigint
     WHEN 'month' THEN ((extract(year FROM $3) * 12 + extract(month FROM $3))
                        - (extract(year FROM $2) * 12 + extract(month FROM $2)))::bigint
     WHEN 'week' THEN ((($3::date - extract(dow FROM $3)::int) - ($2::date - extract(dow FROM $2)::int)) / 7)::bigint
     WHEN 'day' THEN ($3::date - $2::date)::bigint
     WHEN 'hour' THEN (extract(epoch FROM date_trunc('hour', $3) - date_trunc('hour', $2)) / 3600)::bigint
     WHEN 'minute' THEN (extract(epoch FROM date_trunc('minute', $3) - date_trunc('minute', $2)) / 60)::bigint
     WHEN 'second' THEN extract(epoch FROM date_trunc('second', $3) - date_trunc('second', $2))::bigint
     WHEN 'milliseconds'
       THEN (extract(epoch FROM date_trunc('milliseconds', $3) - date_trunc('milliseconds', $2)) * 1000)::bigint
     WHEN 'microseconds' THEN (extract(epoch FROM $3 - $2) * 1000000)::bigint
   END $$;

CREATE OR REPLACE FUNCTION datediff(text, date, date) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT datediff($1, $2::timestamp, $3::timestamp) $$;

CREATE OR REPLACE FUNCTION datediff(text, timestamptz, timestamptz) RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT datediff($1, $2 AT TIME ZONE 'UTC', $3 AT TIME ZONE 'UTC') $$;

CREATE OR REPLACE FUNCTION date_add(text, bigint, timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE AS
$$ SELECT dateadd($1, $2, $3) $$;

CREATE OR REPLACE FUNCTION date_diff(text, timestamp, timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT datediff($1, $2, $3) $$;

-- the last day of a month stays the last day
CREATE OR REPLACE FUNCTION add_months(timestamp, int) RETURNS timestamp LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE
     WHEN $1::date = (date_trunc('month', $1) + interval '1 month -1 day')::date
       THEN date_trunc('month', $1) + make_interval(months => $2 + 1) - interval '1 day'
            + ($1 - date_trunc('day', $1))
     ELSE $1 + make_interval(months => $2)
   END $$;

CREATE OR REPLACE FUNCTION last_day(timestamp) RETURNS date LANGUAGE sql IMMUTABLE AS
$$ SELECT (date_trunc('month', $1) + interval '1 month -1 day')::date $$;

CREATE OR REPLACE FUNCTION months_between(timestamp, timestamp) RETURNS double precision LANGUAGE sql IMMUTABLE AS
$$ SELECT ((extract(year FROM $1) * 12 + extract(month FROM $1))
           - (extract(year FROM $2) * 12 + extract(month FROM $2)))::float8
     + CASE
         WHEN extract(day FROM $1) = extract(day FROM $2) OR (last_day($1) = $1::date AND last_day($2) = $2::date) THEN 0
         ELSE (extract(epoch FROM $1 - date_trunc('month', $1)) - extract(epoch FROM $2 - date_trunc('month', $2)))
              / 86400 / 31
       END $$;

CREATE OR REPLACE FUNCTION next_day(timestamp, text) RETURNS date LANGUAGE sql IMMUTABLE AS
$$ SELECT $1::date + 1
     + ((array_position(ARRAY['su', 'mo', 'tu', 'we', 'th', 'fr', 'sa'], lower(left($2, 2))) - 1
         - extract(dow FROM $1::date + 1)::int + 7) % 7) $$;

CREATE OR REPLACE FUNCTION convert_timezone(text, text, timestamp) RETURNS timestamp LANGUAGE sql STABLE AS
$$ SELECT ($3 AT TIME ZONE $1) AT TIME ZONE $2 $$;

CREATE OR REPLACE FUNCTION convert_timezone(text, timestamp) RETURNS timestamp LANGUAGE sql STABLE AS
$$ SELECT ($2 AT TIME ZONE 'UTC') AT TIME ZONE $1 $$;

CREATE OR REPLACE FUNCTION date_part_year(date) RETURNS int LANGUAGE sql IMMUTABLE AS
$$ SELECT extract(year FROM $1)::int $$;

CREATE OR REPLACE FUNCTION date_cmp(date, date) RETURNS int LANGUAGE sql IMMUTABLE AS
$$ SELECT sign($1 - $2)::int $$;

-- Strings and numbers
CREATE OR REPLACE FUNCTION concat(text, text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT $1 || $2 $$;

CREATE OR REPLACE FUNCTION len(text) RETURNS int LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT char_length($1) $$;

CREATE OR REPLACE FUNCTION textlen(text) RETURNS int LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT char_length($1) $$;

CREATE OR REPLACE FUNCTION charindex(text, text) RETURNS int LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT strpos($2, $1) $$;

CREATE OR REPLACE FUNCTION space(int) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT repeat(' ', $1) $$;

CREATE OR REPLACE FUNCTION replicate(text, int) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT repeat($1, $2) $$;

CREATE OR REPLACE FUNCTION dexp(double precision) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT exp($1) $$;

CREATE OR REPLACE FUNCTION dlog1(double precision) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT ln($1) $$;

CREATE OR REPLACE FUNCTION dlog10(double precision) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT log($1) $$;

-- the input, or NULL where it is not a valid value of the type: TRY_CAST. STABLE, so that a constant is not folded
-- before the check.
CREATE OR REPLACE FUNCTION redshift_if_valid(text, text) RETURNS text LANGUAGE plpgsql STABLE AS
$$ BEGIN RETURN CASE WHEN pg_input_is_valid($1, $2) THEN $1 END; END $$;

-- Redshift replaces every match, PostgreSQL's three-argument function only the first: it is renamed, not lost
DO $$ BEGIN
  IF EXISTS (SELECT 1 FROM pg_proc WHERE oid = 'pg_catalog.regexp_replace(text,text,text)'::regprocedure
             AND prosrc = 'textregexreplace_noopt') THEN
    UPDATE pg_proc SET proname = 'redshift_replace_first'
     WHERE oid = 'pg_catalog.regexp_replace(text,text,text)'::regprocedure;
  END IF;
END $$;

CREATE OR REPLACE FUNCTION regexp_replace(text, text, text) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT regexp_replace($1, $2, $3, 'g') $$;

CREATE OR REPLACE FUNCTION regexp_replace(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT regexp_replace($1, $2, '', 'g') $$;

-- JSON text
CREATE OR REPLACE FUNCTION json_extract_path_text(text, VARIADIC text[]) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT $1::json #>> $2 $$;

CREATE OR REPLACE FUNCTION json_extract_path_text(text, text, boolean) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN
     IF $3 AND NOT pg_input_is_valid($1, 'json') THEN RETURN NULL; END IF;
     RETURN $1::json #>> ARRAY[$2];
   END $$;

CREATE OR REPLACE FUNCTION json_extract_path_text(text, text, text, boolean) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN
     IF $4 AND NOT pg_input_is_valid($1, 'json') THEN RETURN NULL; END IF;
     RETURN $1::json #>> ARRAY[$2, $3];
   END $$;

CREATE OR REPLACE FUNCTION json_extract_array_element_text(text, int) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT $1::json ->> $2 $$;

CREATE OR REPLACE FUNCTION json_array_length(text) RETURNS int LANGUAGE sql IMMUTABLE AS
$$ SELECT json_array_length($1::json) $$;

CREATE OR REPLACE FUNCTION is_valid_json(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$ SELECT pg_input_is_valid($1, 'json') AND left(ltrim($1), 1) = '{' $$;

CREATE OR REPLACE FUNCTION is_valid_json_array(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$ SELECT pg_input_is_valid($1, 'json') AND left(ltrim($1), 1) = '[' $$;

-- SUPER is stored as jsonb
CREATE OR REPLACE FUNCTION can_json_parse(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$ SELECT pg_input_is_valid($1, 'jsonb') $$;

CREATE OR REPLACE FUNCTION json_parse(text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS
$$ SELECT $1::jsonb $$;

CREATE OR REPLACE FUNCTION redshift_json_serialize(jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE jsonb_typeof($1)
     WHEN 'object' THEN '{' || coalesce((SELECT string_agg(to_json(k)::text || ':' || redshift_json_serialize(v), ',')
                                           FROM jsonb_each($1) AS e(k, v)), '') || '}'
     WHEN 'array' THEN '[' || coalesce((SELECT string_agg(redshift_json_serialize(v), ',')
                                          FROM jsonb_array_elements($1) AS e(v)), '') || ']'
     ELSE $1::text
   END $$;

CREATE OR REPLACE FUNCTION redshift_navigate(jsonb, VARIADIC text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS
$$ SELECT $1 #> $2 $$;

CREATE OR REPLACE FUNCTION redshift_scalar(jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT $1 #>> '{}' $$;

CREATE OR REPLACE FUNCTION get_array_length(jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT jsonb_array_length($1)::bigint $$;

CREATE OR REPLACE FUNCTION split_to_array(text, text DEFAULT ',') RETURNS jsonb LANGUAGE sql IMMUTABLE AS
$$ SELECT to_jsonb(string_to_array($1, $2)) $$;

-- Hashes and bytes
CREATE OR REPLACE FUNCTION sha2(text, int) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT encode(CASE $2
     WHEN 0 THEN sha256(convert_to($1, 'UTF8'))
     WHEN 224 THEN sha224(convert_to($1, 'UTF8'))
     WHEN 256 THEN sha256(convert_to($1, 'UTF8'))
     WHEN 384 THEN sha384(convert_to($1, 'UTF8'))
     WHEN 512 THEN sha512(convert_to($1, 'UTF8'))
   END, 'hex') $$;

CREATE OR REPLACE FUNCTION crc32(text) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT to_hex(crc32(convert_to($1, 'UTF8'))) $$;

-- stable, but not Redshift's values: they are not published
CREATE OR REPLACE FUNCTION fnv_hash(text) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT hashtextextended($1, 0) $$;

CREATE OR REPLACE FUNCTION checksum(text) RETURNS int LANGUAGE sql IMMUTABLE AS
$$ SELECT hashtext($1) $$;

CREATE OR REPLACE FUNCTION strtol(text, int) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS
$$ DECLARE
     result numeric := 0;
     digits text := lower(ltrim($1, '-'));
     digit int;
   BEGIN
     IF $2 = 16 AND left(digits, 2) = '0x' THEN digits := substr(digits, 3); END IF;
     FOR i IN 1..length(digits) LOOP
       digit := strpos('0123456789abcdefghijklmnopqrstuvwxyz', substr(digits, i, 1)) - 1;
       IF digit < 0 OR digit >= $2 THEN
         RAISE EXCEPTION 'The input % is not valid to be converted to base %', $1, $2;
       END IF;
       result := result * $2 + digit;
     END LOOP;
     RETURN CASE WHEN left($1, 1) = '-' THEN -result ELSE result END;
   END $$;

CREATE OR REPLACE FUNCTION to_varbyte(text, text) RETURNS bytea LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN lower($2) IN ('utf8', 'utf-8') THEN convert_to($1, 'UTF8') ELSE decode($1, lower($2)) END $$;

CREATE OR REPLACE FUNCTION from_varbyte(bytea, text) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN lower($2) IN ('utf8', 'utf-8') THEN convert_from($1, 'UTF8') ELSE encode($1, lower($2)) END $$;

-- SHA-1 (FIPS 180-4) by hand: this PostgreSQL is built without pgcrypto
CREATE OR REPLACE FUNCTION sha1(text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS
$$ DECLARE
     bytes bytea := convert_to($1, 'UTF8');
     bits bigint := length(bytes)::bigint * 8;
     mask constant bigint := 4294967295;
     w bigint[]; x bigint; f bigint; k bigint; t bigint;
     a bigint; b bigint; c bigint; d bigint; e bigint;
     h bigint[] := ARRAY[1732584193, 4023233417, 2562383102, 271733878, 3285377520];
   BEGIN
     bytes := bytes || '\x80'::bytea;
     WHILE length(bytes) % 64 <> 56 LOOP bytes := bytes || '\x00'::bytea; END LOOP;
     bytes := bytes || int8send(bits);
     FOR block IN 0..length(bytes) / 64 - 1 LOOP
       FOR i IN 0..15 LOOP
         w[i] := (get_byte(bytes, block * 64 + i * 4)::bigint << 24) | (get_byte(bytes, block * 64 + i * 4 + 1)::bigint << 16)
                 | (get_byte(bytes, block * 64 + i * 4 + 2)::bigint << 8) | get_byte(bytes, block * 64 + i * 4 + 3);
       END LOOP;
       FOR i IN 16..79 LOOP
         x := w[i - 3] # w[i - 8] # w[i - 14] # w[i - 16];
         w[i] := ((x << 1) | (x >> 31)) & mask;
       END LOOP;
       a := h[1]; b := h[2]; c := h[3]; d := h[4]; e := h[5];
       FOR i IN 0..79 LOOP
         IF i < 20 THEN f := (b & c) | ((~b) & mask & d); k := 1518500249;
         ELSIF i < 40 THEN f := b # c # d; k := 1859775393;
         ELSIF i < 60 THEN f := (b & c) | (b & d) | (c & d); k := 2400959708;
         ELSE f := b # c # d; k := 3395469782;
         END IF;
         t := ((((a << 5) | (a >> 27)) & mask) + f + e + k + w[i]) & mask;
         e := d; d := c; c := ((b << 30) | (b >> 2)) & mask; b := a; a := t;
       END LOOP;
       h := ARRAY[(h[1] + a) & mask, (h[2] + b) & mask, (h[3] + c) & mask, (h[4] + d) & mask, (h[5] + e) & mask];
     END LOOP;
     RETURN (SELECT string_agg(lpad(to_hex(part), 8, '0'), '' ORDER BY place)
               FROM unnest(h) WITH ORDINALITY AS u(part, place));
   END $$;

CREATE OR REPLACE FUNCTION func_sha1(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT sha1($1) $$;

-- Aggregates, also usable as window functions
CREATE OR REPLACE FUNCTION redshift_pick_last(anyelement, anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE AS
$$ SELECT coalesce($2, $1) $$;
CREATE OR REPLACE FUNCTION redshift_pick_first(anyelement, anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE AS
$$ SELECT coalesce($1, $2) $$;
CREATE OR REPLACE AGGREGATE redshift_last_not_null(anyelement) (SFUNC = redshift_pick_last, STYPE = anyelement);
CREATE OR REPLACE AGGREGATE redshift_first_not_null(anyelement) (SFUNC = redshift_pick_first, STYPE = anyelement);

CREATE OR REPLACE FUNCTION redshift_median_of(double precision[]) RETURNS double precision LANGUAGE sql IMMUTABLE AS
$$ SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM unnest($1) AS u(x) $$;
CREATE OR REPLACE AGGREGATE median(double precision)
  (SFUNC = array_append, STYPE = double precision[], INITCOND = '{}', FINALFUNC = redshift_median_of);

-- the state's first element is the percentile
CREATE OR REPLACE FUNCTION redshift_percentile_step(double precision[], double precision, double precision)
  RETURNS double precision[] LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN $2 IS NULL THEN coalesce($1, ARRAY[$3]) ELSE coalesce($1, ARRAY[$3]) || $2 END $$;
CREATE OR REPLACE FUNCTION redshift_percentile_cont_of(double precision[]) RETURNS double precision
  LANGUAGE sql IMMUTABLE AS
$$ SELECT percentile_cont($1[1]) WITHIN GROUP (ORDER BY x) FROM unnest($1[2:]) AS u(x) $$;
CREATE OR REPLACE FUNCTION redshift_percentile_disc_of(double precision[]) RETURNS double precision
  LANGUAGE sql IMMUTABLE AS
$$ SELECT percentile_disc($1[1]) WITHIN GROUP (ORDER BY x) FROM unnest($1[2:]) AS u(x) $$;
CREATE OR REPLACE AGGREGATE redshift_percentile_cont(double precision, double precision)
  (SFUNC = redshift_percentile_step, STYPE = double precision[], FINALFUNC = redshift_percentile_cont_of);
CREATE OR REPLACE AGGREGATE redshift_percentile_disc(double precision, double precision)
  (SFUNC = redshift_percentile_step, STYPE = double precision[], FINALFUNC = redshift_percentile_disc_of);

-- LISTAGG(value, separator) WITHIN GROUP (ORDER BY key) OVER (...): keys are compared as text
CREATE OR REPLACE FUNCTION redshift_listagg_step(jsonb, text, text, text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN $2 IS NULL THEN $1
               ELSE coalesce($1, '[]') || jsonb_build_array(jsonb_build_array($2, $3, $4)) END $$;
CREATE OR REPLACE FUNCTION redshift_listagg_of(jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT string_agg(e ->> 0, $1 -> 0 ->> 1 ORDER BY e ->> 2) FROM jsonb_array_elements($1) AS a(e) $$;
CREATE OR REPLACE FUNCTION redshift_listagg_desc_of(jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT string_agg(e ->> 0, $1 -> 0 ->> 1 ORDER BY e ->> 2 DESC) FROM jsonb_array_elements($1) AS a(e) $$;
CREATE OR REPLACE AGGREGATE redshift_listagg(text, text, text)
  (SFUNC = redshift_listagg_step, STYPE = jsonb, FINALFUNC = redshift_listagg_of);
CREATE OR REPLACE AGGREGATE redshift_listagg_desc(text, text, text)
  (SFUNC = redshift_listagg_step, STYPE = jsonb, FINALFUNC = redshift_listagg_desc_of);

-- COPY: conversions that give NULL where the text does not fit, so that the row is reported and not the statement lost
CREATE OR REPLACE FUNCTION redshift_truncate_bytes(text, int) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS
$$ DECLARE result text := left($1, $2);
   BEGIN
     WHILE octet_length(result) > $2 LOOP result := left(result, -1); END LOOP;
     RETURN result;
   END $$;

CREATE OR REPLACE FUNCTION redshift_date_or_null(text, text) RETURNS text LANGUAGE plpgsql STABLE STRICT AS
$$ BEGIN RETURN to_date($1, $2)::text; EXCEPTION WHEN OTHERS THEN RETURN NULL; END $$;

CREATE OR REPLACE FUNCTION redshift_timestamp_or_null(text, text) RETURNS text LANGUAGE plpgsql STABLE STRICT AS
$$ BEGIN RETURN to_timestamp($1, $2)::timestamp::text; EXCEPTION WHEN OTHERS THEN RETURN NULL; END $$;

CREATE OR REPLACE FUNCTION redshift_epoch_or_null(text, double precision) RETURNS text LANGUAGE plpgsql STABLE STRICT AS
$$ BEGIN RETURN (to_timestamp($1::float8 / $2) AT TIME ZONE 'UTC')::text; EXCEPTION WHEN OTHERS THEN RETURN NULL; END $$;

-- The databases of all namespaces live in one server as <namespace id>/<database>; users see their own name.
DO $$ BEGIN
  UPDATE pg_proc SET proname = 'redshift_physical_database'
   WHERE oid = 'pg_catalog.current_database()'::regprocedure AND prosrc = 'current_database';
END $$;
CREATE OR REPLACE FUNCTION current_database() RETURNS name LANGUAGE sql STABLE AS
$$ SELECT split_part(redshift_physical_database()::text, '/', 2)::name $$;

-- asked for by SQL clients
CREATE OR REPLACE FUNCTION format_encoding(int) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT 'none' $$;
